"""The table and the plot of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from sentiment.bench.speed.turns import Compared, Spread
from sentiment.experiments import results
from sentiment.experiments.table import Table
from sentiment.text.units import size

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEADINGS = (
    *("", "rows/s", "ours ÷ it", "accuracy", "answers unlike ours"),
    *("processor s", "peak memory", "of the matmul rate"),
)


def table_of(title: str, rows: Sequence[Compared], shares: Mapping[str, float], notes: Sequence[str]) -> Table:
    """Returns the table: ours first, the fastest marked. `shares`: of the machine's matmul rate, by way."""
    best = max(range(len(rows)), key=lambda index: rows[index].rate.median)
    failed = [f"{row.name}: stopped: {row.why}" for row in rows if row.why]
    return Table(title, HEADINGS, [cells(row, shares.get(row.name)) for row in rows], best, [*notes, *failed])


def cells(row: Compared, share: float | None) -> list[str]:
    return [
        row.name,
        spread(row.rate, 1),
        spread(row.ratio, 2) if row.ratio else "",
        spread(row.accuracy, 4),
        "" if row.changed is None else f"{100 * row.changed:.2f} %",
        f"{row.processor:,.1f}",
        size(row.peak_bytes),
        "" if share is None else f"{100 * share:.0f} %",
    ]


def spread(found: Spread, digits: int) -> str:
    """Returns `1.20 (1.15–1.31)`; the median alone where all are the same."""
    middle = f"{found.median:,.{digits}f}"
    low, high = f"{found.low:,.{digits}f}", f"{found.high:,.{digits}f}"
    return middle if low == high else f"{middle} ({low}–{high})"


def rates_told(rates: Mapping[str, float]) -> str:
    """Returns the line about the machine's own rate."""
    told = ", ".join(f"{rate / 1e9:,.0f} billion operations a second in {kind}" for kind, rate in rates.items())
    return f"the machine's own rate of matrix multiplication, measured here: {told}"


def draw(title: str, rows: Sequence[Compared]) -> Callable[[Figure], None]:
    """Returns a function that draws a bar for each way, with its spread."""

    def fill(figure: Figure) -> None:
        axes = figure.subplots()
        names = [row.name for row in rows][::-1]
        middles = [row.rate.median for row in rows][::-1]
        down = [row.rate.median - row.rate.low for row in rows][::-1]
        up = [row.rate.high - row.rate.median for row in rows][::-1]
        colours = [results.COLOURS[0] if row is rows[0] else results.COLOURS[5] for row in rows][::-1]
        axes.barh(names, middles, xerr=[down, up], color=colours, capsize=3)
        axes.set(xlabel="rows a second", title=title)
        axes.set_xlim(left=0)

    return fill
