"""The table of `sentiment bench score`, what it says below, and the plot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sentiment.bench.scoring import paper
from sentiment.bench.scoring.measure import Measured
from sentiment.bench.scoring.ways import AROUND, PIPELINE, RAY, SCORE, WAYS
from sentiment.experiments import results
from sentiment.experiments.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEADINGS = ("model", "rows", "way", "seconds", "processor", "rows/s", "score ÷ it", "MB")


def table_of(
    compared: Sequence[Measured], started: Sequence[Measured], grown: Sequence[Measured], notes: Sequence[str]
) -> Table:
    """Returns the comparison's rows, then those of Ray's start and of the growth, and the notes."""
    rows = [_cells(one, compared) for one in compared] + [_cells(one, ()) for one in (*started, *grown)]
    said = [*overhead(compared), *of_ray(compared, started), *growth(grown), *on_paper(compared), *notes]
    return Table("an archive scored: `sentiment score` and other ways", HEADINGS, rows, notes=said)


def _cells(one: Measured, compared: Sequence[Measured]) -> list[str]:
    ours = of_way(compared, one.model, SCORE)
    ratio = f"{ours.rate / one.rate:.2f}" if ours and one is not ours and one.way != AROUND else ""
    measured = [f"{one.seconds:,.1f}", _number(one.cpu_seconds, 1), f"{one.rate:,.0f}", ratio, _number(one.peak_mb, 0)]
    return [one.model, f"{one.rows:,}", one.way, *measured]


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def of_way(measured: Sequence[Measured], model: str, way: str) -> Measured | None:
    return next((one for one in measured if (one.model, one.way) == (model, way)), None)


def overhead(compared: Sequence[Measured]) -> list[str]:
    """Returns what reading, ledger and writing are of each model's time with `score`."""
    said = []
    for one in compared:
        around = of_way(compared, one.model, AROUND)
        if one.way == SCORE and around:
            said.append(
                f"{one.model}: what is around the model (reading, ledger, writing) is "
                f"{around.seconds / one.seconds:.1%} of the time of `score`"
            )
    return said


def of_ray(compared: Sequence[Measured], started: Sequence[Measured]) -> list[str]:
    """Returns how much of Ray's time is its start and the opening of the model."""
    said = []
    for start in started:
        whole = of_way(compared, start.model, RAY)
        if whole:
            said.append(
                f"{start.model}: {min(start.seconds, whole.seconds):,.1f} of the {whole.seconds:,.1f} seconds with Ray "
                f"are its start and the opening of the model, which {start.rows:,} posts take too"
            )
    return said


def growth(grown: Sequence[Measured]) -> list[str]:
    """Returns how memory grows with the rows, for each way."""
    said = []
    for way in WAYS:
        found = sorted((one for one in grown if one.way == way and one.peak_mb), key=lambda one: one.rows)
        if len(found) > 1:
            first, last = found[0], found[-1]
            said.append(
                f"{way}: {last.rows / first.rows:,.0f} times the rows take {last.peak_mb or 0:,.0f} MB instead of "
                f"{first.peak_mb or 0:,.0f} MB"
            )
    return said


def on_paper(compared: Sequence[Measured]) -> list[str]:
    return [line for one in compared if one.way == SCORE for line in paper.told(one.model, one.rate)]


def draw(compared: Sequence[Measured]) -> Callable[[Figure], None]:
    """Returns a function that draws rows a second, a group of bars for each model; without Ray, which has a start."""

    def fill(figure: Figure) -> None:
        axes = figure.subplots()
        models = list(dict.fromkeys(one.model for one in compared))
        ways = [way for way in WAYS if way not in (AROUND, RAY) and any(one.way == way for one in compared)]
        for index, way in enumerate(ways):
            found = [(place, of_way(compared, model, way)) for place, model in enumerate(models)]
            places = [place + index / (len(ways) + 1) for place, one in found if one]
            name = "Hugging Face pipeline" if way == PIPELINE else way
            axes.bar(places, [one.rate for _, one in found if one], 1 / (len(ways) + 1), label=name,
                     color=results.COLOURS[index % len(results.COLOURS)])  # fmt: skip
        axes.set_xticks(range(len(models)), models)
        axes.set(yscale="log", ylabel="rows a second", title="An archive scored: rows a second")
        axes.grid(visible=True, axis="y", alpha=0.3)
        axes.legend(frameon=False)

    return fill
