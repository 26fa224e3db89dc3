"""How the answers of three models fall on the same rows, as counts: the reference, the stable model, a candidate.

A row is in one of four cells: whether the pinned reference has it right (2), and whether stable has (1). A candidate
has stable's answer on most rows. It turns a right answer wrong with one chance and a wrong one right with another, such
that `discordance` of all rows change and the accuracy changes by what was asked for. So a stable model that was chosen
for its luck on these rows loses that luck again, a little with every candidate: the rows are used many times over.

Arrays are of years by cells, or of years by groups of rows by cells.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
CELLS = 4
STABLE_RIGHT = np.array([False, True, False, True])


class Counts(NamedTuple):
    """A candidate beside another model, on `rows` rows: on how many it alone is right, on how many the other one."""

    only_candidate: Array
    only_other: Array
    rows: Array

    def __add__(self, other: Counts) -> Counts:  # type: ignore[override]
        return Counts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def chances(accuracy: Array, gain: Array, discordance: float) -> Array:
    """Returns, by cell, the chance that a candidate's answer differs from stable's.

    `accuracy` is stable's true one (years), `gain` what the candidate's differs by.
    """
    changed = np.maximum(discordance, np.abs(gain) + 0.01)  # a large difference takes more changed answers
    lost, won = (changed - gain) / 2 / accuracy, (changed + gain) / 2 / (1 - accuracy)
    return np.asarray(np.clip(np.stack([won, lost, won, lost], -1), 0.0, 1.0))


def against_stable(cells: Array, changed: Array) -> Counts:
    """Returns the candidate beside stable; `changed` are the rows, by cell, with another answer."""
    return Counts(changed[..., 0] + changed[..., 2], changed[..., 1] + changed[..., 3], cells.sum(-1))


def against_reference(cells: Array, changed: Array) -> Counts:
    """Returns the candidate beside the reference."""
    only_candidate = changed[..., 0] + cells[..., 1] - changed[..., 1]
    only_reference = cells[..., 2] - changed[..., 2] + changed[..., 3]
    return Counts(only_candidate, only_reference, cells.sum(-1))


def after_promotion(cells: Array, changed: Array) -> Array:
    """Returns the cells with the candidate as the stable model."""
    return np.asarray(cells - changed + changed[..., [1, 0, 3, 2]])


def pinned(cells: Array) -> Array:
    """Returns the cells with the stable model as the reference."""
    moved = np.zeros_like(cells)
    moved[..., 0] = cells[..., 0] + cells[..., 2]
    moved[..., 3] = cells[..., 1] + cells[..., 3]
    return moved


def faded(shares: Array, loss: float) -> Array:
    """Returns the shares of a population that moves on: of what a model had right, it gets the share `loss` wrong."""
    wrong, right = shares[..., [0, 0, 2, 2]], shares[..., [1, 1, 3, 3]]
    moved = np.where(STABLE_RIGHT, right * (1 - loss), wrong + right * loss)
    reference_wrong, reference_right = moved[..., [0, 1, 0, 1]], moved[..., [2, 3, 2, 3]]
    return np.where(np.arange(CELLS) < 2, reference_wrong + reference_right * loss, reference_right * (1 - loss))
