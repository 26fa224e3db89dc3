"""Analyses a model's predictions on labelled posts into what the page is drawn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import UNSET
from numpy.typing import ArrayLike, NDArray

from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.model.metrics import measure
from sentiment.model.temperature import rescaled
from sentiment.report.calibration import calibration
from sentiment.report.slices import slices
from sentiment.results.report import Analysis, Mistake, Uncalibrated
from sentiment.statistics.intervals import wilson
from sentiment.text.harmless import plain

MISTAKES_SHOWN = 20
LONGEST_TEXT, LONGEST_NAME = 300, 80  # characters of a post, and of its title or source, that are shown


def analyse(
    posts: Sequence[Post], probabilities: ArrayLike, labels: Sequence[str], temperature: float = 1.0
) -> Analysis:
    """Returns metrics, calibration, mistakes and slices of `probabilities` [rows, labels]; `labels` are their names.

    `temperature` is that which the probabilities come from.

    Texts are cut and made harmless for display. Raises: InputError when a probability is not a number; ValueError when
    there are no rows.
    """
    given = np.asarray(probabilities, np.float64)
    if given.shape != (len(posts), len(labels)) or not posts:
        raise ValueError(f"probabilities {given.shape} of {len(posts)} posts and {len(labels)} labels")
    _require_numbers(given)
    true = np.array([post.label for post in posts])
    confidence, predicted = np.clip(given.max(axis=1), 0.0, 1.0), given.argmax(axis=1)
    right = predicted == true
    measured = measure(true, given)
    return Analysis(
        labels=list(labels),
        rows=len(posts),
        metrics=measured,
        interval=list(wilson(measured.correct, len(posts)) or ()),
        macro_f1=macro_f1(measured.f1, measured.support),
        calibration=calibration(confidence, right),
        mistakes=mistakes(posts, predicted, confidence),
        mistakes_total=len(posts) - measured.correct,
        slices=slices(posts, right),
        uncalibrated=UNSET if temperature == 1 else uncalibrated(true, given, temperature),
    )


def uncalibrated(true: NDArray[np.int64], probabilities: NDArray[np.float64], temperature: float) -> Uncalibrated:
    """Returns what the answers [rows, labels] were worth before they were divided by `temperature`."""
    before = rescaled(probabilities, 1 / temperature).astype(np.float64)
    right = before.argmax(axis=1) == true
    return Uncalibrated(
        temperature=temperature,
        expected_calibration_error=calibration(before.max(axis=1), right).expected_calibration_error,
        loss=measure(true, before).loss,
    )


def macro_f1(f1: Sequence[float], support: Sequence[int]) -> float:
    """Returns the mean F1 of the labels that have rows: a label without rows cannot be found, which is no failure."""
    return float(np.mean([value for value, rows in zip(f1, support, strict=True) if rows]))


def mistakes(posts: Sequence[Post], predicted: NDArray[np.int64], confidence: NDArray[np.float64]) -> list[Mistake]:
    """Returns the wrong answers that the model is surest of, at most 20; `row` counts the posts from 1."""
    wrong = [row for row, post in enumerate(posts) if predicted[row] != post.label]
    return [
        Mistake(
            row=row + 1,
            text=plain(posts[row].text, LONGEST_TEXT),
            title=plain(posts[row].title, LONGEST_NAME),
            source=plain(posts[row].source, LONGEST_NAME),
            true=posts[row].label,
            predicted=int(predicted[row]),
            confidence=round(float(confidence[row]), 6),
        )
        for row in sorted(wrong, key=lambda row: (-confidence[row], row))[:MISTAKES_SHOWN]
    ]


def _require_numbers(probabilities: NDArray[np.float64]) -> None:
    broken = int((~np.isfinite(probabilities)).any(axis=1).sum())
    if broken:
        raise InputError(
            "a model's probabilities must be numbers",
            found=f"NaN or infinity for {broken:,} of {len(probabilities):,} posts",
            do="Train the model again with a lower --learning-rate.",
        )
