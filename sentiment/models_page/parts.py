"""What a version was trained on, by source and night, with new and old rows as bars; and what it confuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sentiment.models_page.wording import is_count, share, text

SHADES = 9  # of a cell, by its share of the row; the page may have no style attributes, so each shade is a class
SIDES = (("candidate", "This version"), ("stable", "Stable at that time"))

KINDS = (("per_source", "By source"), ("per_night", "By night of delivery"))


@dataclass(frozen=True)
class Bar:
    """The rows of one source or night; `new_to` and `old_to` are the ends of its bars, in percent of the longest."""

    name: str
    new: int
    old: int
    new_to: float
    old_to: float


@dataclass(frozen=True)
class Part:
    title: str
    bars: list[Bar]


def parts(prepare: Mapping[str, Any] | None) -> list[Part]:
    """Returns the bars of a `prepare.json`; [] when nothing was composed. Raises: one of `AMISS` on another shape."""
    table = prepare.get("composition") if prepare else None
    if not table:
        return []
    return [Part(title, _bars([_counted(kind, line) for line in table[kind]])) for kind, title in KINDS]


def _counted(kind: str, line: Mapping[str, Any]) -> tuple[str, int, int]:
    new, old = (sum(count for count in line[name] if is_count(count)) for name in ("new", "added"))
    name = line["name"]
    if name is None:
        return f"{line['members']:,} others", new, old
    empty = "without a source" if kind == "per_source" else "unknown"
    return text(name, 60) or empty, new, old


def _bars(counted: list[tuple[str, int, int]]) -> list[Bar]:
    longest = max((new + old for _, new, old in counted), default=0) or 1
    return [
        Bar(name, new, old, round(100 * new / longest, 1), round(100 * (new + old) / longest, 1))
        for name, new, old in counted
        if new + old
    ]


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
    """Returns an evaluation's matrices, the candidate's first. Raises: one of `AMISS` when one is not a matrix."""
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
