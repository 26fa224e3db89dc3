"""Run in the trainer's environment: makes a home whose stable is a good toy and whose canary a wrong one; serves it.

python serve_toys.py HOME REST_PORT
"""

from __future__ import annotations

import sys
from pathlib import Path

from sentiment.cli import run
from sentiment.data.tsv import write_posts

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support.toy_stand import POSTS, Stand, save_toy

home, port = Path(sys.argv[1]), sys.argv[2]
toys = {kind: home / "toys" / kind for kind in ("good", "wrong")}
for kind, folder in toys.items():
    save_toy(folder, kind)
write_posts(home / "datasets" / "old_sentiment" / "latest_test.tsv", POSTS)
stand = Stand(home, toys, {"SENTIMENT_HOME": str(home)})
stand.canary(1, "good")
stand.promote(1)
stand.canary(2, "wrong")
sys.exit(run(["serve", "--port=0", f"--rest-api-port={port}"]))
