"""The rows of sweeps: each is trained once and kept in a file whose name depends on everything that decides it.

rows/NAME.json      the outcome of a finished training
failed/NAME.json    why the last try ended without a result; the next try first removes it
work/NAME/          where a row is trained: always the same folder, so that an interrupted training resumes in it
locks/NAME          held during training: a second process waits, and then finds the row finished
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sentiment import atomic, seal
from sentiment.data.posts import read_posts
from sentiment.digests import sha256_of
from sentiment.disk import expanded
from sentiment.errors import InputError
from sentiment.experiments import child, sweep
from sentiment.experiments.sweep import Outcome, Setup, Training
from sentiment.labels import Labels
from sentiment.language import marked
from sentiment.model import folder as model_folder
from sentiment.model.pinned import name_of
from sentiment.results import record
from sentiment.results.experiment import FailedRow, Row
from sentiment.step import say

T = TypeVar("T")
NO_TRACE = marked("it left neither a result nor a reason: it was not started, or it was killed")


def inputs_of(data: Path, labels: Labels) -> dict[str, Any]:
    """Returns everything that decides a row except its options."""
    return {
        "train": sha256_of(data / "train.tsv"),
        "test": sha256_of(data / "test.tsv"),
        "labels": list(labels.names),
        "versions": model_folder.installed_versions(),
    }


def require_data(data: Path, labels: Labels) -> tuple[int, int]:
    """Returns the numbers of rows in train.tsv and test.tsv. Raises: InputError when one is missing or broken."""
    train, test = (len(read_posts(data / name, labels)) for name in ("train.tsv", "test.tsv"))
    return train, test


def local_files(model: str) -> list[list[Any]]:
    """Returns name, size and time of the files of a model in a local folder, whose content may be replaced."""
    files = sorted(path for path in expanded(model).glob("*") if path.is_file())
    return [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in files]


def _found(path: Path, kind: type[T]) -> T | None:
    """Returns what was kept of a training; None when there is nothing that can be read: it is trained (again) then."""
    try:
        return record.read(path, kind, "")
    except InputError:
        return None


def _is_unbroken(path: Path) -> bool:
    try:
        return bool(seal.unbroken(atomic.read_json(path)))
    except ValueError as error:
        say(f"{path} cannot be used ({error}); that training counts as not finished")
        return False


@dataclass(frozen=True)
class Rows:
    """The rows in `folder` of the trainings with `setup` on `data`; `inputs` come from `inputs_of`."""

    folder: Path
    data: Path
    setup: Setup
    inputs: Mapping[str, Any]

    def file(self, training: Training) -> Path:
        return sweep.row_file(self.folder / "rows", training, self.setup, self._inputs(training))

    def finished(self, training: Training) -> Outcome | None:
        """Returns the outcome of a finished training, no matter which sweep ran it; None when it is not finished."""
        row = _found(self.file(training), Row)
        return Outcome(training, row.result) if row and _is_unbroken(self.file(training)) else None

    def outcome(self, training: Training) -> Outcome:
        """Returns the present outcome of a training: its result, or why there is none. Trains nothing."""
        failed = _found(self._failed(training), FailedRow)
        return self.finished(training) or Outcome(training, why=failed.why if failed else NO_TRACE)

    def train(self, training: Training) -> Outcome:
        """Runs an unfinished training in a process of its own; keeps the outcome, but not the model."""
        row = self.file(training)
        with atomic.exclusive_lock(self.folder / "locks" / row.stem):
            outcome = self.finished(training) or self._train(training, row)
        if outcome.result is not None or outcome.refused:  # no later try will resume in this folder
            shutil.rmtree(self._work(row), ignore_errors=True)
        return outcome

    def _train(self, training: Training, row: Path) -> Outcome:
        self._failed(training).unlink(missing_ok=True)
        try:
            result = child.result_of(*self._command(training, self._work(row)), self._work(row) / "result.json")
        except child.Failed as error:
            record.write(self._failed(training), FailedRow(training=training, why=str(error)))
            return Outcome(training, why=str(error), refused=error.refused)
        inputs = self._inputs(training)
        made = Row(training=training, setup=self.setup, inputs=inputs, result=result)
        atomic.write_json(row, seal.sealed(record.as_json(made)))
        return Outcome(training, result)

    def _command(self, training: Training, work: Path) -> tuple[str, list[str]]:
        """Returns the module and the arguments; option and value are one argument, so no name becomes an option."""
        files = [f"--train={self.data / 'train.tsv'}", f"--test={self.data / 'test.tsv'}"]
        options = [*files, *sweep.options_of(self.setup), f"--model-name={training.model}", f"--seed={training.seed}"]
        if training.learning_rate is None:
            return "sentiment.experiments.untrained", options
        rate = f"--learning-rate={training.learning_rate!r}"
        return "sentiment", ["train", *options, rate, f"--output={work / 'model'}", "--replace"]

    def _inputs(self, training: Training) -> dict[str, Any]:
        return {**self.inputs, "model": local_files(name_of(training.model))}

    def _failed(self, training: Training) -> Path:
        return self.folder / "failed" / self.file(training).name

    def _work(self, row: Path) -> Path:
        return self.folder / "work" / row.stem
