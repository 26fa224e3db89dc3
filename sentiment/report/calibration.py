"""Is the model right as often as it says?

Rows are put into bins by the probability of the label that the model chose (its confidence). The expected calibration
error is the mean distance between confidence and accuracy, weighted by the rows of each bin.
C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger (2017), "On calibration of modern neural networks", ICML, section 2.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sentiment.results.evaluation import Confidence
from sentiment.results.report import Bin, Calibration
from sentiment.statistics.intervals import wilson

BINS = 10  # of equal width, over 0..1


ONE_SIDED_95 = 1.645  # standard deviations


def confidence_in(probabilities: NDArray[np.float32], true: NDArray[np.int64]) -> Confidence:
    """Returns how far the confidence of `probabilities` [rows, labels] can be believed; `true` are label ids [rows]."""
    given = probabilities.astype(np.float64)
    sure = np.clip(given.max(axis=1), 0.0, 1.0)
    found = calibration(sure, given.argmax(axis=1) == true)
    by_chance, spread = error_by_chance(sure)
    return Confidence(
        expected_calibration_error=found.expected_calibration_error,
        mean_confidence=min(1.0, found.mean_confidence),
        by_chance=by_chance,
        spread=spread,
    )


def error_by_chance(confidence: NDArray[np.float64]) -> tuple[float, float]:
    """Returns the error that a model which is right as often as it says exceeds in one of 20 sets, and its spread.

    In each bin, the right answers then differ from the sum of their confidences by chance alone, as good as normally
    distributed; the error adds up the sizes of these differences. The spread is one standard deviation of the signed
    sum, which the error's own does not exceed.
    """
    numbers = np.minimum((confidence * BINS).astype(int), BINS - 1)
    variances = np.bincount(numbers, confidence * (1 - confidence), BINS) / len(confidence) ** 2
    mean, spread = math.sqrt(2 / math.pi) * np.sqrt(variances).sum(), math.sqrt(variances.sum())
    above = ONE_SIDED_95 * math.sqrt(1 - 2 / math.pi) * spread
    return min(1.0, float(mean + above)), min(1.0, spread)


def calibration(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> Calibration:
    """Returns the bins and the error for `confidence` [rows] in 0..1 and `right` [rows]; empty bins have no figures."""
    numbers = np.minimum((confidence * BINS).astype(int), BINS - 1)  # a confidence of 1 belongs to the last bin
    bins = [_bin(number, confidence[numbers == number], right[numbers == number]) for number in range(BINS)]
    figures = [(item.rows, item.accuracy, item.confidence) for item in bins]
    error = sum(rows * abs(share - sure) for rows, share, sure in figures if share is not None and sure is not None)
    return Calibration(
        bins=bins,
        expected_calibration_error=min(1.0, error / len(confidence)),
        mean_confidence=float(confidence.mean()),
    )


def _bin(number: int, confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> Bin:
    rows, correct = len(right), int(right.sum())
    interval = wilson(correct, rows)
    return Bin(
        from_=number / BINS,
        to=(number + 1) / BINS,
        rows=rows,
        correct=correct,
        confidence=float(confidence.mean()) if rows else None,
        accuracy=correct / rows if rows else None,
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
    )
