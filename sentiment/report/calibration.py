"""Is the model right as often as it says?

Rows are put into bins by the probability of the label that the model chose (its confidence). The expected calibration
error is the mean distance between confidence and accuracy, weighted by the rows of each bin.
C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger (2017), "On calibration of modern neural networks", ICML, section 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sentiment.results.report import Bin, Calibration
from sentiment.statistics.intervals import wilson

BINS = 10  # of equal width, over 0..1


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
