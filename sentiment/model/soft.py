"""Soft labels: what a teacher says of posts, as probabilities, in the place of a label that a person gave.

The teacher's logits and the student's are divided by the same temperature before they are compared, so that also what
the teacher holds for unlikely is learned from; the gradient becomes smaller by the temperature's square, which the
rows' weights make good.
G. Hinton, O. Vinyals, J. Dean (2015), "Distilling the knowledge in a neural network", section 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

SMALLEST = 1e-30  # the least probability whose logarithm is taken, in float32 too
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Soft:
    """What rows are to be answered with: `targets` [rows, labels], the `temperatures` of the answers, `weights` [rows].

    All are float32. A row that a person labelled has one target of 1, and the temperature 1.
    """

    targets: Floats
    temperatures: Floats
    weights: Floats

    def only(self, rows: Sequence[int] | NDArray[np.int64]) -> Soft:
        """Returns the named rows, in that order."""
        return Soft(self.targets[rows], self.temperatures[rows], self.weights[rows])


def soft_rows(labels: ArrayLike, labelled_weight: float, probabilities: ArrayLike, temperature: float) -> Soft:
    """Returns the rows with people's `labels` [labelled], and behind them those with a teacher's `probabilities`.

    A labelled row counts `labelled_weight` times as much as one of the others.
    """
    hard, given = np.asarray(labels, np.int64), np.asarray(probabilities, np.float32)
    certain = np.eye(given.shape[1], dtype=np.float32)[hard]
    kinds = [len(hard), len(given)]
    return Soft(
        np.concatenate([certain, softened(given, temperature)]),
        np.repeat(np.array([1, temperature], np.float32), kinds),
        np.repeat(np.array([labelled_weight, temperature**2], np.float32), kinds),
    )


def softened(probabilities: ArrayLike, temperature: float) -> Floats:
    """Returns the probabilities [rows, labels] that the same logits give, divided by `temperature`."""
    logits = np.log(np.maximum(np.asarray(probabilities, np.float64), SMALLEST)) / temperature
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def cross_entropy(soft: Soft, probabilities: ArrayLike) -> float:
    """Returns the mean loss of a student that gave `probabilities` [rows, labels], as its training weighs the rows."""
    logits = np.log(np.maximum(np.asarray(probabilities, np.float64), SMALLEST)) / soft.temperatures[:, None]
    logits -= logits.max(axis=1, keepdims=True)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return float((-(soft.targets * logs).sum(axis=1) * soft.weights).mean())
