"""The report of a training: summary.txt, report.json and report.html in the model folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

from sentiment import atomic, seal
from sentiment.data.tsv import Post
from sentiment.model import folder
from sentiment.model.curves import Curves
from sentiment.model.metrics import Metrics, classification_report, measure
from sentiment.report.analysis import analyse
from sentiment.report.baseline import baseline
from sentiment.report.page import drawn
from sentiment.report.summary import training_report
from sentiment.report.trust import told_confidence
from sentiment.results import record
from sentiment.results.cost import Pace, Timed
from sentiment.results.report import GONE_ON_FROM, TrainingReport

PAGE = "report.html"
NOT_TESTED = "(no test rows)\n"


@dataclass(frozen=True)
class Tested:
    """A trained model's test: the posts it learned from, the test posts, and its answers to them [rows, labels].

    The answers come from `temperature`, and a post took the time of `pace`.
    """

    learned: Sequence[Post]
    posts: Sequence[Post]
    probabilities: NDArray[np.float32]
    temperature: float = 1.0
    pace: Pace | None = None

    @property
    def metrics(self) -> Metrics:
        return measure([post.label for post in self.posts], self.probabilities)


def write_training_report(made: Path, curves: Curves, tested: Tested | None, report: TrainingReport) -> None:
    """Writes the three files into the model folder `made`.

    `report` is what the training knows, to which the test is added; `tested` is None when there were no test rows.
    Raises: InputError when the model's answers are not numbers.
    """
    labels = report.model.labels
    names = [str(index) for index in range(len(labels))]
    table = classification_report(tested.metrics, names) if tested else NOT_TESTED
    if tested:
        report = msgspec.structs.replace(
            report,
            analysis=analyse(tested.posts, tested.probabilities, labels, tested.temperature),
            baseline=baseline(tested.learned, tested.posts, tested.probabilities),
            timed=timed(tested.pace, report.result.precision),
        )
    written = record.as_json(report)
    teaching = report.result.teaching
    summary = training_report(curves, curves.epochs, table, told_confidence(written), teaching)
    (made / folder.SUMMARY).write_text(summary, encoding="utf-8")
    whole = seal.sealed({name: written[name] for name in GONE_ON_FROM})
    atomic.write_json(made / folder.REPORT, {**written, seal.SEAL: whole[seal.SEAL]})
    atomic.write_text(made / PAGE, drawn(written))


def timed(pace: Pace | None, precision: str = "") -> Timed | UnsetType:
    """Returns a pace with the machine on which it was measured, this one; `precision` is as of `this_machine`."""
    from sentiment.model.pace import this_machine

    return UNSET if pace is None else Timed(pace=pace, machine=this_machine(precision))


def now() -> str:
    """Returns the present time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
