"""Reports on invented predictions: what the page shows does not depend on how a model came to its answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sentiment.data.tsv import Post
from sentiment.model.curves import Curves
from sentiment.report import training
from sentiment.report.training import Tested, write_training_report
from sentiment.results.model_card import ModelCard, TrainedOn
from sentiment.results.report import ReportedModel, TrainingReport
from sentiment.results.training import Training
from support.results import whole

WORDS = ("好吃", "很爛", "請問")
Report = dict[str, Any]
MakeReport = Callable[..., Report]


def posts_of(count: int, labels: int = 3) -> list[Post]:
    """Posts that a linear model can learn, of all kinds: short and long, marked, titled, from two places."""
    marks = ("", "推:", "噓 ", "→")
    return [
        Post(
            f"{marks[row % 4]}{WORDS[row % labels % 3]}{'、這是第' * (row % 30)}{row}",
            row % labels,
            title="心得" if row % 5 == 0 else "",
            source=("ptt", "dcard")[row % 2],
        )
        for row in range(count)
    ]


def answers(posts: Sequence[Post], labels: int = 3, wrong: float = 0.2, seed: int = 1) -> NDArray[np.float64]:
    """Probabilities [rows, labels] that are wrong on about that share of the posts."""
    draw = np.random.default_rng(seed)
    given = draw.random((len(posts), labels))
    right = draw.random(len(posts)) >= wrong
    given[np.arange(len(posts)), [post.label for post in posts]] += np.where(right, 1.5, 0.0)
    return np.asarray(given / given.sum(axis=1, keepdims=True))


def card_of(labels: Sequence[str], **data: Any) -> ModelCard:
    return ModelCard(
        type="custom",
        name="scratch/toy",
        architecture={},
        labels=list(labels),
        labels_english=[f"label {number}" for number in range(len(labels))],
        max_seq_length=32,
        lower_case=True,
        dropout=0.1,
        versions={"tensorflow": "2.17.1", "sentiment": "0.1.0"},
        data=whole(
            TrainedOn, {"fingerprint": "ab" * 32, "rows": 60, "per_label": [60 // len(labels)] * len(labels), **data}
        ),
        parameters=12345,
        vocabulary=678,
    )


@pytest.fixture
def make_report(tmp_path: Path) -> MakeReport:
    """Writes a training report into tmp_path and returns what report.json holds."""

    def make(
        train: Sequence[Post] | None = None,
        test: Sequence[Post] | None = None,
        probabilities: NDArray[np.float64] | None = None,
        labels: Sequence[str] = ("正面", "負面", "中立"),
        epochs: int = 3,
        held_out: bool = True,
        warm_start: str | None = None,
        **data: Any,
    ) -> Report:
        train = posts_of(60, len(labels)) if train is None else train
        test = posts_of(90, len(labels)) if test is None else test
        if probabilities is None and test:
            probabilities = answers(test, len(labels))
        curves = Curves(
            loss=[1.0 / epoch for epoch in range(1, epochs + 1)],
            accuracy=[1 - 0.5 / epoch for epoch in range(1, epochs + 1)],
            val_loss=[0.8 + 0.1 * abs(epoch - 2) for epoch in range(1, epochs + 1)] if held_out else [],
            val_accuracy=[0.7] * epochs if held_out else [],
            steps=4,
            seconds=1.5,
            kept_epoch=epochs,
        )
        report = TrainingReport(
            kind="training",
            made=training.now(),
            inputs={"files": {"train": "ab" * 32, "warm_start": warm_start}},
            hyperparameters={"model_type": "custom", "learning_rate": 1e-3, "num_epochs": epochs, "seed": 13},
            result=whole(Training, curves.as_json(60, epochs)),
            model=ReportedModel.of(card_of(labels, **data), bool(warm_start)),
        )
        tested = Tested(train, test, probabilities.astype(np.float32)) if probabilities is not None else None
        write_training_report(tmp_path, curves, tested, report)
        written: Report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
        return written

    return make
