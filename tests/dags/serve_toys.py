"""Run in the trainer's environment: makes a home whose stable is a good toy and whose canary a wrong one; serves it.

python serve_toys.py HOME REST_PORT
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support.toy_stand import Stand, serve_two

sys.exit(serve_two(Stand, Path(sys.argv[1]), sys.argv[2]))
