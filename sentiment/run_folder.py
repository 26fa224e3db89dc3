"""The folder in which one retrain keeps all that it made: the one place that knows its file names."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentiment.errors import InputError
from sentiment.settings import Settings

KEPT = 100  # characters of an id that has to be changed
HASH = 8  # hexadecimal digits behind them


def safe_name(run_id: str) -> str:
    """Returns `run_id` as one path segment; the name of a name is itself.

    An id that had to be changed (Airflow's hold `:` and `+`) gets a short hash of the original behind it, so that two
    ids share a name only when one of them is that name.
    """
    kept = re.sub(r"[^A-Za-z0-9._-]+", "_", run_id).strip("._")
    if kept == run_id and 0 < len(kept) <= KEPT + len("-") + HASH:
        return kept
    return f"{kept[:KEPT] or 'run'}-{hashlib.sha256(run_id.encode()).hexdigest()[:HASH]}"


@dataclass(frozen=True)
class RunFolder:
    """The paths of one run."""

    path: Path

    @classmethod
    def named(cls, settings: Settings, run_id: str) -> RunFolder:
        """Returns the folder of the run `run_id` (which need not exist yet)."""
        return cls(settings.runs / safe_name(run_id))

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def batch(self) -> Path:
        """The new rows of this run, before mixing."""
        return self.path / "batch.tsv"

    @property
    def train(self) -> Path:
        return self.path / "train.tsv"

    @property
    def identities(self) -> Path:
        """The identities of the rows of `train`: what was seen, without its words (see `sentiment.data.seen`)."""
        return self.path / "identities.bin"

    @property
    def frozen(self) -> Path:
        """The frozen test set as it stood at this run."""
        return self.path / "test.tsv"

    @property
    def rolling(self) -> Path:
        """The rolling test set as it stood at this run."""
        return self.path / "latest_test.tsv"

    @property
    def new_tests(self) -> Path:
        """The rows of the rolling test set that were delivered since the stable model: what `check` measures."""
        return self.path / "new_tests.tsv"

    @property
    def model(self) -> Path:
        return self.path / "model"

    @property
    def export(self) -> Path:
        return self.path / "export"

    def result(self, step: str) -> Path:
        """Returns where `step` leaves its result."""
        return self.path / f"{step}.json"

    def read(self, step: str) -> dict[str, Any]:
        """Returns what `step` left; it is an InputError when it has not run."""
        path = self.result(step)
        if not path.is_file():
            raise InputError(
                f"step {step!r} of run {self.name} must have finished",
                found=f"no {path}",
                do=f"Run `sentiment {step} --run {self.name}` first.",
            )
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return result
