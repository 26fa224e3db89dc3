"""The report of a test: test_report.json and test_report.html, beside test_report.txt and test_result.tsv."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from numpy.typing import ArrayLike

from sentiment import atomic
from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post
from sentiment.digests import sha256_of
from sentiment.language import marked
from sentiment.model import folder
from sentiment.model.split import hold_out
from sentiment.report.analysis import analyse
from sentiment.report.baseline import baseline
from sentiment.report.page import drawn
from sentiment.report.training import now, timed
from sentiment.results import record
from sentiment.results.cost import Pace
from sentiment.results.model_card import ModelCard
from sentiment.results.report import (
    Baseline,
    Hyperparameters,
    ReportedModel,
    TestedFile,
    TestReport,
    TestTime,
    TrainedWith,
)

REPORT, PAGE = "test_report.json", "test_report.html"
TRAINING_FILES = ("train.tsv", "load_train.tsv")  # their names in a run, and with the older tool's command
NOT_AT_HAND = marked(
    "the posts that the model was trained on were not found "
    "(no train.tsv or load_train.tsv with their fingerprint is beside the model or beside the test file)"
)


def write_test_report(
    output: Path,
    model: Path,
    card: ModelCard,
    data: Path,
    posts: Sequence[Post],
    probabilities: ArrayLike,
    seconds: float,
    pace: Pace | None = None,
) -> TestReport:
    """Writes both files into `output`, and returns how `model` (with its `card`) did on the `posts` of `data`.

    `seconds` is the time of loading and scoring, `pace` that of a post. The files compare the model with the linear
    baseline if the posts that the model was trained on can be found.
    """
    learned = learned_from(model, card, data)
    report = TestReport(
        kind="test",
        made=now(),
        model=ReportedModel.of(card),
        data=TestedFile(file=data.name, fingerprint=sha256_of(data)),
        result=TestTime(seconds=round(seconds, 3)),
        analysis=analyse(posts, probabilities, card.labels, card.temperature),
        baseline=baseline(learned, posts, probabilities) if learned else Baseline(available=False, reason=NOT_AT_HAND),
        timed=timed(pace),
    )
    record.write(output / REPORT, report)
    atomic.write_text(output / PAGE, drawn(record.as_json(report)))
    return report


def learned_from(model: Path, card: ModelCard, data: Path) -> list[Post]:
    """Returns the posts that the model learned from, without those held out; [] when they cannot be found.

    It looks beside the model (in a run) and beside the test file, and recognizes the posts by their fingerprint.
    """
    for path in (place / name for place in (model.resolve().parent, data.resolve().parent) for name in TRAINING_FILES):
        if path.is_file() and sha256_of(path) == card.data.fingerprint:
            posts = read_posts(path, card.label_set)
            settings = _hyperparameters(model)
            share, seed = float(settings.get("validation_share", 0.0)), int(settings.get("seed", 0))
            return [posts[row] for row in hold_out([post.label for post in posts], share, seed)[0]]
    return []


def _hyperparameters(model: Path) -> Hyperparameters:
    """Returns those that the model was trained with; {} for a model that came without a report."""
    report = model / folder.REPORT
    return record.read(report, TrainedWith, "Train the model again.").hyperparameters if report.is_file() else {}
