"""Is the model right as often as it says?

Rows are put into bins by the probability of the label that the model chose (its confidence). The expected calibration
error is the mean distance between confidence and accuracy, weighted by the rows of each bin.
C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger (2017), "On calibration of modern neural networks", ICML, section 2.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentiment.results.evaluation import SetConfidence
from sentiment.results.report import Bin, Calibration
from sentiment.statistics.intervals import wilson

BINS = 10  # of equal width, over 0..1


ONE_SIDED_95 = 1.645  # standard deviations


def confidence_in(probabilities: NDArray[np.float32], true: NDArray[np.int64]) -> SetConfidence:
    """Returns how far the confidence of `probabilities` [rows, labels] can be believed; `true` are label ids [rows]."""
    given = probabilities.astype(np.float64)
    sure = np.clip(given.max(axis=1), 0.0, 1.0)
    right = given.argmax(axis=1) == true
    found = calibration(sure, right)
    return SetConfidence(
        expected_calibration_error=found.expected_calibration_error,
        mean_confidence=min(1.0, found.mean_confidence),
        by_chance=error_by_chance(sure),
        spread=spread_of(sure, right),
    )


def error_by_chance(confidence: NDArray[np.float64]) -> float:
    """Returns the error that a model which is right as often as it says exceeds in one of 20 sets of these rows.

    In each bin, the right answers then differ from the sum of their confidences by chance alone, as good as normally
    distributed; the error adds up the sizes of these differences.
    """
    variances = _sums(confidence, confidence * (1 - confidence)) / len(confidence) ** 2
    mean, spread = math.sqrt(2 / math.pi) * np.sqrt(variances).sum(), math.sqrt(variances.sum())
    return min(1.0, float(mean + ONE_SIDED_95 * math.sqrt(1 - 2 / math.pi) * spread))


def spread_of(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Returns a bound of the error's standard deviation over such sets: from what each bin says, or what is right."""
    rows, hits = _sums(confidence, np.ones(len(right))), _sums(confidence, right)
    seen = hits * (rows - hits) / np.maximum(rows, 1)
    variances = np.maximum(seen, _sums(confidence, confidence * (1 - confidence)))
    return min(1.0, math.sqrt(variances.sum()) / len(right))


def _sums(confidence: NDArray[np.float64], values: NDArray[Any]) -> NDArray[np.float64]:
    """Returns the sum of the `values` [rows] in each bin."""
    return np.asarray(np.bincount(_bins_of(confidence), values, BINS), np.float64)


def _bins_of(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    """Returns the number of each row's bin; a confidence of 1 belongs to the last one."""
    return np.minimum((confidence * BINS).astype(np.int64), BINS - 1)


def calibration(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> Calibration:
    """Returns the bins and the error for `confidence` [rows] in 0..1 and `right` [rows]; empty bins have no figures."""
    numbers = _bins_of(confidence)
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
