"""Run in the trainer's environment: serves version 1 as stable and 2 as canary, toys that a night each has made.

python serve_days.py HOME REST_PORT
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from sentiment.serving.change import changing

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support.toy_stand import Stand, serve_two


class Nights(Stand):
    """A stand whose versions know the night that made them."""

    def publish(self, version: int, toy: str) -> None:
        shutil.copytree(self.toys[toy], self.settings.versions / str(version))
        with changing(self.settings) as change:
            metrics = {"frozen": 0.867}  # as in its night's gate.json
            change.record("published", version, run=f"night-{version}", metrics=metrics, data={"rows": 900})


sys.exit(serve_two(Nights, Path(sys.argv[1]), sys.argv[2]))
