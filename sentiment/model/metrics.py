"""Figures about predictions, in plain numpy. A confusion matrix has true labels as rows, predictions as columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sentiment.results.training import Metrics

__all__ = ["Metrics", "classification_report", "measure"]

SMALLEST_PROBABILITY = 1e-7  # as Keras clips in its cross-entropy


def measure(true: ArrayLike, probabilities: ArrayLike) -> Metrics:
    """Returns the metrics of `probabilities` [rows, labels] against the label ids `true` [rows]."""
    wanted, given = np.asarray(true, np.int64), np.asarray(probabilities, np.float64)
    predicted = given.argmax(axis=1)
    labels = given.shape[1]
    confusion = np.bincount(wanted * labels + predicted, minlength=labels * labels).reshape(labels, labels)
    hits = confusion.diagonal()
    labelled, answered = confusion.sum(axis=1), confusion.sum(axis=0)
    recall, precision = _share(hits, labelled), _share(hits, answered)
    f1 = _share(2 * hits, labelled + answered)  # from whole numbers: a tie is rounded as it truly is
    chances = np.clip(given[np.arange(len(wanted)), wanted], SMALLEST_PROBABILITY, 1.0)
    return Metrics(
        accuracy=float(hits.sum() / len(wanted)),
        correct=int(hits.sum()),
        recall=recall.tolist(),
        precision=precision.tolist(),
        f1=f1.tolist(),
        support=labelled.tolist(),
        confusion=confusion.tolist(),
        loss=float(-np.log(chances).mean()),
    )


def _share(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(len(part), np.float64), where=whole > 0)


def classification_report(metrics: Metrics, names: Sequence[str]) -> str:
    """Returns the same table as scikit-learn's `classification_report(digits=4)`."""
    support = np.array(metrics.support)
    columns = [np.array(column) for column in (metrics.precision, metrics.recall, metrics.f1)]
    total = int(support.sum())
    width = max(len("weighted avg"), *map(len, names))
    line = "{:>{width}} " + " {:>9.4f}" * 3 + " {:>9}\n"
    text = "{:>{width}} ".format("", width=width) + " {:>9} {:>9} {:>9} {:>9}\n\n".format(
        "precision", "recall", "f1-score", "support"
    )
    for index, name in enumerate(names):
        text += line.format(name, *(column[index] for column in columns), support[index], width=width)
    text += (
        "\n"
        + "{:>{width}} ".format("accuracy", width=width)
        + f" {'':>9} {'':>9} {metrics.accuracy:>9.4f} {total:>9}\n"
    )
    text += line.format("macro avg", *(column.mean() for column in columns), total, width=width)
    text += line.format("weighted avg", *(np.average(c, weights=support) for c in columns), total, width=width)
    return text
