"""Run in the trainer's environment: makes a home whose stable is a good toy and whose canary a wrong one; serves it.

python serve_toys.py HOME REST_PORT
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from sentiment.cli import run
from sentiment.data.tsv import write_posts

path = Path(__file__).resolve().parents[1] / "probe" / "conftest.py"
spec = importlib.util.spec_from_file_location("probe_toys", path)
assert spec and spec.loader
probe = importlib.util.module_from_spec(spec)
sys.modules["probe_toys"] = probe
spec.loader.exec_module(probe)

home, port = Path(sys.argv[1]), sys.argv[2]
toys = {kind: home / "toys" / kind for kind in ("good", "wrong")}
for kind, folder in toys.items():
    probe.save_toy(folder, kind)
write_posts(home / "datasets" / "old_sentiment" / "latest_test.tsv", probe.POSTS)
stand = probe.Stand(home, toys, {"SENTIMENT_HOME": str(home)})
stand.canary(1, "good")
stand.promote(1)
stand.canary(2, "wrong")
sys.exit(run(["serve", "--port=0", f"--rest-api-port={port}"]))
