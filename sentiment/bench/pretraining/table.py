"""What the rounds of `sentiment bench pretrain` come to: rates, ratios within a round, and a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import TYPE_CHECKING

import msgspec

from sentiment.bench.pretraining.torch_step import PRODUCT, STEPS_BEFORE
from sentiment.experiments import results
from sentiment.experiments.table import Table
from sentiment.text.units import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEADINGS = (
    "step",
    "arithmetic",
    "tokens/s",
    "from – to",
    "ours is … times as fast",
    "GFLOP/s",
    "share of the machine's",
)
SAME = {"float32": 0.005, "bfloat16": 0.02}  # shares by which losses of the same work may differ


class Stepped(msgspec.Struct, frozen=True):
    """One stack in one arithmetic. `steps` and `products`: the seconds of one, a round each."""

    name: str
    arithmetic: str
    losses: list[float]  # of the first steps, in nats a hidden piece
    steps: list[float]
    products: list[float]


class Work(msgspec.Struct, frozen=True):
    """What a step is: its pieces, and the floating-point operations of its matrix products."""

    tokens: int
    operations: float


def best_products(rows: Sequence[Stepped], arithmetic: str) -> list[float]:
    """Returns the operations a second that the machine multiplied at best, by whichever stack, in each round."""
    found = (row.products for row in rows if row.arithmetic == arithmetic)
    return [2 * PRODUCT**3 / min(seconds) for seconds in zip(*found, strict=True)]


def shares(row: Stepped, rows: Sequence[Stepped], work: Work) -> list[float]:
    """Returns what share of the machine's rate a step reached in each round."""
    best = best_products(rows, row.arithmetic)
    return [work.operations / seconds / rate for seconds, rate in zip(row.steps, best, strict=True)]


def ratios(row: Stepped, rows: Sequence[Stepped]) -> list[float]:
    """Returns how many times as fast our step is in each round; the first row of an arithmetic is ours."""
    ours = next(one for one in rows if one.arithmetic == row.arithmetic)
    return [theirs / own for own, theirs in zip(ours.steps, row.steps, strict=True)]


def unlike(rows: Sequence[Stepped]) -> list[str]:
    """Returns a sentence for each row that came to other losses than ours: it did other work."""
    found = []
    for row in rows:
        ours = next(one for one in rows if one.arithmetic == row.arithmetic)
        if not all(share <= SAME[row.arithmetic] for share in _apart(row, ours)):  # not a number is never within
            found.append(f"{row.name} in {row.arithmetic} comes to other losses: {_losses(row)}, ours {_losses(ours)}")
    return found


def _apart(row: Stepped, ours: Stepped) -> list[float]:
    return [abs(one / own - 1) for one, own in zip(row.losses, ours.losses, strict=True)]


def _losses(row: Stepped) -> str:
    return ", ".join(f"{loss:.4f}" for loss in row.losses)


def spread(found: Sequence[float], digits: int, scale: float = 1) -> str:
    """Returns the median, with the least and the most in brackets."""
    middle, least, most = (f"{scale * value:.{digits}f}" for value in (median(found), min(found), max(found)))
    return f"{middle} ({least} – {most})"


def table_of(rows: Sequence[Stepped], work: Work, title: str, notes: Sequence[str]) -> Table:
    """Returns a row for each stack in each arithmetic; the fastest is marked."""
    cells, rates = [], [[work.tokens / seconds for seconds in row.steps] for row in rows]
    for row, rate in zip(rows, rates, strict=True):
        ours = next(one for one in rows if one.arithmetic == row.arithmetic)
        cells.append(
            [
                row.name,
                row.arithmetic,
                f"{median(rate):,.0f}",
                f"{min(rate):,.0f} – {max(rate):,.0f}",
                "" if row is ours else spread(ratios(row, rows), 2),
                f"{work.operations / median(row.steps) / 1e9:,.0f}",
                spread(shares(row, rows, work), 0, 100) + " %",
            ]
        )
    best = max(range(len(rows)), key=lambda index: median(rates[index]))
    return Table(title, HEADINGS, cells, best, [*notes, *_measured(rows)])


def _measured(rows: Sequence[Stepped]) -> list[str]:
    times = len(rows[0].steps)
    apart = max(max(_apart(row, rows[0])) for row in rows)
    kinds = list(dict.fromkeys(row.arithmetic for row in rows))
    machine = (f"{median(best_products(rows, kind)) / 1e9:,.0f} GFLOP/s in {kind}" for kind in kinds)
    return [
        f"medians of {counted(times, 'round')}, in which each takes a step in turn; in brackets the least and the most",
        f"the machine's rate: the faster product of two {PRODUCT:,} × {PRODUCT:,} matrices, {' and '.join(machine)}",
        f"the loss of the first {STEPS_BEFORE} steps is {_losses(rows[0])}; in all rows the same within {apart:.2%}",
    ]


def draw(rows: Sequence[Stepped], work: Work) -> Callable[[Figure], None]:
    """Returns a function that draws each row's tokens a second."""

    def fill(figure: Figure) -> None:
        axes = figure.subplots()
        names = [f"{row.name}\n{row.arithmetic}" for row in rows]
        heights = [work.tokens / median(row.steps) for row in rows]
        axes.barh(names, heights, color=[results.COLOURS[not row.name.startswith("sentiment")] for row in rows])
        axes.invert_yaxis()
        axes.set(xlabel="tokens a second", title="A step of a pretraining")
        axes.grid(axis="x", alpha=0.3)

    return fill
