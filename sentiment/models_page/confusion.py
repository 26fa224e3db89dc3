"""Confusion matrices: rows are the true labels, columns what the model said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sentiment.models_page.wording import is_count, share

SHADES = 9  # of a cell, by its share of the row; a page without style attributes has a class for each
SIDES = (("candidate", "This version"), ("stable", "Stable at that time"))


@dataclass(frozen=True)
class Cell:
    rows: int
    shade: int
    right: bool


@dataclass(frozen=True)
class Matrix:
    """One model's answers on one test set."""

    set: str
    model: str
    accuracy: str
    labels: list[str]
    cells: list[list[Cell]]


def matrices(evaluation: Mapping[str, Any] | None, labels: list[str]) -> list[Matrix]:
    """Returns the matrices of an evaluation, the candidate's first. Raises one of `AMISS` when one is no matrix."""
    found = []
    for name, test_set in (evaluation["sets"] if evaluation else {}).items():
        for side, model in SIDES:
            if test_set and test_set.get(side):
                scores = test_set[side]
                cells = _cells(scores["confusion"], len(labels))
                found.append(Matrix(f"{name} set", model, share(scores.get("accuracy")), labels, cells))
    return found


def _cells(counts: Sequence[Sequence[int]], labels: int) -> list[list[Cell]]:
    square = len(counts) == labels and all(len(line) == labels for line in counts)
    if not square or not all(is_count(count) for line in counts for count in line):
        raise ValueError(f"a confusion matrix must be {labels} × {labels} counts")
    return [
        [Cell(rows, round(rows / max(1, sum(line)) * SHADES), true == said) for said, rows in enumerate(line)]
        for true, line in enumerate(counts)
    ]
