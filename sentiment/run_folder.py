"""The folder in which one retrain keeps all its files: only this module knows their names."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sentiment.errors import InputError
from sentiment.results import record
from sentiment.results.record import StepResult
from sentiment.settings import Settings

KEPT = 100  # characters that are kept of an id that must be changed
HASH = 8  # hexadecimal digits after them
FILES = {"evaluate": "evaluation.json"}  # of results that are not called after their step
R = TypeVar("R", bound=StepResult)


def safe_name(run_id: str) -> str:
    """Returns `run_id` as one path segment; a name that it returned before is returned unchanged.

    An id that had to be changed (Airflow's hold `:` and `+`) ends with a short hash of the original, so that two ids
    share a name only when one of them is that name.
    """
    kept = re.sub(r"[^A-Za-z0-9._-]+", "_", run_id).strip("._")
    if kept == run_id and 0 < len(kept) <= KEPT + len("-") + HASH:
        return kept
    digest = hashlib.sha256(run_id.encode("utf-8", "surrogatepass")).hexdigest()  # it may hold what is no character
    return f"{kept[:KEPT] or 'run'}-{digest[:HASH]}"


@dataclass(frozen=True)
class RunFolder:
    """The paths of one run, and the results in it.

    Version 0.1.0 wrote the evaluation twice, as `evaluate.json` and as `evaluation.json`. Today it is the latter; in a
    home that has only the former, that one is read.
    """

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
        """The identities of the rows of `train`: what the model saw, without its words (see `sentiment.data.seen`)."""
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
    def must_hold(self) -> Path:
        """The cases that must hold as they stood at this run; there is no such file when the home has none."""
        return self.path / "must_hold.tsv"

    @property
    def new_tests(self) -> Path:
        """The rows of the rolling test set that were delivered since the stable model: what `check` measures."""
        return self.path / "new_tests.tsv"

    @property
    def suspects(self) -> Path:
        """The posts whose label looks wrong, for Label Studio; there is no such file when `check` found none."""
        return self.path / "suspects.json"

    @property
    def model(self) -> Path:
        return self.path / "model"

    @property
    def report(self) -> Path:
        """The page about the training; the figures that it is drawn from are beside it, as `report.json`."""
        return self.model / "report.html"

    @property
    def export(self) -> Path:
        return self.path / "export"

    def result(self, step: str) -> Path:
        """Returns the file in which `step` leaves its result."""
        return self.path / FILES.get(step, f"{step}.json")

    def found(self, step: str) -> Path:
        """Returns where the result of `step` is: where it is left, or where an older version left it."""
        path, older = self.result(step), self.path / f"{step}.json"
        return path if path.is_file() or not older.is_file() else older

    def write(self, result: StepResult) -> None:
        """Leaves the result of its step."""
        record.write(self.result(result.STEP), result)

    def read(self, kind: type[R]) -> R:
        """Returns the result of that kind. Raises: InputError when its step has not run, or the file is broken."""
        command, path = f"`sentiment {kind.STEP} --run {self.name}`", self.found(kind.STEP)
        if not path.is_file():
            raise InputError(
                f"step {kind.STEP!r} of run {self.name} must have finished",
                found=f"no file {path}",
                do=f"Run {command} first.",
            )
        return record.read(path, kind, f"Run {command} again.")
