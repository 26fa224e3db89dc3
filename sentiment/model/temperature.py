"""Temperature scaling: one number by which a model's logits are divided, so that it is right as often as it says.

A network that is trained until it fits is surer than it should be. The number is fitted on rows that it did not learn
from, by the least negative log-likelihood. Above 1 the model becomes less sure, below 1 surer. No label changes.
C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger (2017), "On calibration of modern neural networks", ICML, section 4.
"""

from __future__ import annotations

import numpy as np
from msgspec import structs
from numpy.typing import ArrayLike, NDArray

from sentiment.language import tr
from sentiment.results.model_card import COLDEST, HOTTEST
from sentiment.results.training import Scaling

# Held out. A model that should have the temperature 2 gains from 50 rows already: its error falls from 0.15 to 0.05 on
# average. One that needs none then errs by 0.03.
FEWEST_ROWS = 50
FEWEST_OF_EACH = 10  # right and wrong answers among them: without mistakes, the best temperature would be 0
DIGITS = 4
HALVINGS = 60  # of the interval that holds the temperature
SMALLEST = 1e-38  # the least probability that is told apart from 0, about float32's own
# Two labels of nearly the same probability must not become equal by rounding, or the first would be the answer. The
# label that was most probable stays ahead of every other by this much, in logits.
LEAD = 1e-5


def fit(probabilities: ArrayLike, true: ArrayLike, before: float = 1.0) -> Scaling:
    """Returns the temperature for a model that gave `probabilities` [rows, labels] to rows that it did not learn from.

    `true` are their label ids [rows]. With too few rows, right answers or wrong ones it is the one `before`, of the
    model from which the training went on, and says why.
    """
    given, wanted = np.asarray(probabilities, np.float64), np.asarray(true, np.int64)
    wrong = int((given.argmax(axis=1) != wanted).sum())
    found = unfitted(len(wanted), wrong, before)
    return found if found.why else structs.replace(found, temperature=_likeliest(given, wanted))


def unfitted(rows: int, wrong: int, before: float) -> Scaling:
    """Returns the temperature `before`, and why so few held-out rows, or answers of a kind, could give no other."""
    return Scaling(temperature=before, rows=rows, wrong=wrong, why=_too_few(rows, wrong))


def rescaled(probabilities: ArrayLike, temperature: float) -> NDArray[np.float32]:
    """Returns the probabilities [rows, labels] that the same logits give, divided by `temperature`: of the same labels.

    `1 / temperature` undoes it. The classifier's last layer does the same in its graph.
    """
    given = np.asarray(probabilities, np.float64)
    if temperature == 1:
        return given.astype(np.float32)
    best = given >= given.max(axis=1, keepdims=True)
    weights = np.exp(np.where(best, 0.0, np.minimum(_logits(given) / temperature, -LEAD)))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def _logits(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the logits [rows, labels], which are known but for a constant: the largest of a row is 0."""
    logs = np.log(np.maximum(probabilities, SMALLEST))
    return np.asarray(logs - logs.max(axis=1, keepdims=True))


def _too_few(rows: int, wrong: int) -> str:
    if not rows:
        return tr("no posts that the model never learned were held out, and {needed} are needed", needed=FEWEST_ROWS)
    if rows < FEWEST_ROWS:
        return tr(
            "only {rows} posts that the model never learned were held out, and {needed} are needed",
            rows=rows,
            needed=FEWEST_ROWS,
        )
    figures = {"rows": f"{rows:,}", "needed": FEWEST_OF_EACH}
    if wrong < FEWEST_OF_EACH and wrong <= rows - wrong:
        return tr(
            "only {wrong} of {rows} held-out posts had a wrong answer, and {needed} are needed", wrong=wrong, **figures
        )
    if rows - wrong < FEWEST_OF_EACH:
        return tr(
            "only {right} of {rows} held-out posts had a right answer, and {needed} are needed",
            right=rows - wrong,
            **figures,
        )
    return ""


def _likeliest(probabilities: NDArray[np.float64], true: NDArray[np.int64]) -> float:
    """Returns the temperature of the least mean NLL, which is convex in 1 / temperature: its slope only rises."""
    logits = _logits(probabilities)
    of_truth = logits[np.arange(len(true)), true].mean()

    def slope(sharpness: float) -> float:
        weights = np.exp(sharpness * logits)
        return float(((weights * logits).sum(axis=1) / weights.sum(axis=1)).mean() - of_truth)

    low, high = 1 / HOTTEST, 1 / COLDEST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return min(HOTTEST, max(COLDEST, round(2 / (low + high), DIGITS)))
