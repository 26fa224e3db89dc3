"""The report of a training: summary.txt, report.json and report.html in the model folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentiment import atomic
from sentiment.data.tsv import Post
from sentiment.model import folder
from sentiment.model.curves import Curves
from sentiment.model.metrics import Metrics, classification_report, measure
from sentiment.report.analysis import analyse
from sentiment.report.baseline import baseline
from sentiment.report.page import render
from sentiment.report.summary import training_report
from sentiment.results.model_card import ModelCard
from sentiment.results.record import as_json

PAGE = "report.html"
NOT_TESTED = "(no test rows)\n"
MODEL_FIELDS = ("type", "name", "labels", "parameters", "vocabulary", "max_seq_length", "data", "versions")


@dataclass(frozen=True)
class Tested:
    """A trained model's test: the posts it learned from, the test posts, and its answers to them [rows, labels]."""

    learned: Sequence[Post]
    posts: Sequence[Post]
    probabilities: NDArray[np.float32]

    @property
    def metrics(self) -> Metrics:
        return measure([post.label for post in self.posts], self.probabilities)


def write_training_report(
    made: Path, card: ModelCard, curves: Curves, tested: Tested | None, report: Mapping[str, Any]
) -> None:
    """Writes the three files into the model folder `made`.

    `report` is what the training reports: `inputs`, `hyperparameters`, `result`; `tested` is None when there were no
    test rows. Raises: InputError when the model's answers are not numbers.
    """
    names = [str(index) for index in range(len(card.labels))]
    table = classification_report(tested.metrics, names) if tested else NOT_TESTED
    (made / folder.SUMMARY).write_text(training_report(curves, curves.epochs, table), encoding="utf-8")
    warm = bool(report["inputs"]["files"].get("warm_start"))
    whole = {"kind": "training", "made": now(), **report, "model": {**described(card), "warm": warm}}
    if tested:
        whole["analysis"] = analyse(tested.posts, tested.probabilities, card.labels)
        whole["baseline"] = baseline(tested.learned, tested.posts, tested.probabilities)
    atomic.write_json(made / folder.REPORT, whole)
    atomic.write_text(made / PAGE, render(whole))


def described(card: ModelCard) -> dict[str, Any]:
    """Returns the part of a model card that a report repeats, so that the report alone is enough to draw the page."""
    return {name: as_json(getattr(card, name)) for name in MODEL_FIELDS}


def now() -> str:
    """Returns the present time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
