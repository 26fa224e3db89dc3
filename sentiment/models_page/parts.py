"""What a version was trained on, by source and night, with new and old rows as bars; and what it confuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sentiment.language import marked, tr
from sentiment.models_page.wording import share, text
from sentiment.results import deliveries
from sentiment.results.deliveries import Prepare
from sentiment.results.evaluation import Evaluation

SHADES = 9  # of a cell, by its share of the row; the page may have no style attributes, so each shade is a class
SIDES = (marked("This version"), marked("Stable at that time"))  # candidate and stable
BASE = {"base": marked("base")}  # in the place of a night: what the system started from
SETS = {"frozen": marked("frozen set"), "rolling": marked("rolling set")}


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


def parts(prepare: Prepare | None) -> list[Part]:
    """Returns the bars of a `prepare.json`; [] when nothing was composed."""
    table = prepare.composition if prepare else None
    if table is None:
        return []
    kinds = (
        (tr("By source"), table.per_source, {"": marked("without a source")}),
        (tr("By night of delivery"), table.per_night, {"": marked("unknown"), **BASE}),
    )
    return [Part(title, _bars([_counted(line, ours) for line in lines])) for title, lines, ours in kinds]


def _counted(line: deliveries.Part, ours: Mapping[str, str]) -> tuple[str, int, int]:
    """Returns a line's name, which is one of `ours` or a stranger's, and its counts."""
    if line.name is None:
        return tr("{number:,} others", number=line.members), sum(line.new), sum(line.added)
    name = text(line.name, 60)
    return tr(ours[name]) if name in ours else name, sum(line.new), sum(line.added)


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


def matrices(evaluation: Evaluation | None, labels: list[str]) -> list[Matrix]:
    """Returns an evaluation's matrices, the candidate's first; a matrix that is not square is left out."""
    if evaluation is None:
        return []
    found = []
    for name, test_set in (("frozen", evaluation.sets.frozen), ("rolling", evaluation.sets.rolling)):
        for model, scores in zip(SIDES, (test_set.candidate, test_set.stable) if test_set else (), strict=False):
            if scores and is_square(scores.confusion, len(labels)):
                cells = _cells(scores.confusion)
                found.append(Matrix(tr(SETS[name]), tr(model), share(scores.accuracy), labels, cells))
    return found


def is_square(counts: Sequence[Sequence[int]], labels: int) -> bool:
    """Tells whether it has a row and a column a label."""
    return len(counts) == labels and all(len(line) == labels for line in counts)


def _cells(counts: Sequence[Sequence[int]]) -> list[list[Cell]]:
    return [
        [Cell(rows, round(rows / max(1, sum(line)) * SHADES), true == said) for said, rows in enumerate(line)]
        for true, line in enumerate(counts)
    ]
