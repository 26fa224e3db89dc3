"""Estimate and truth, night by night: a chart, how often the interval held, how stable stands beside what it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sentiment.charts.axis import round_axis, whole_axis
from sentiment.charts.lines import STYLES, Frame, LineChart, line_chart
from sentiment.language import marked, tr, tr_many
from sentiment.models_page.plot import LEFT, TOP, UNDER
from sentiment.models_page.wording import share
from sentiment.results.estimate import Fall, Night
from sentiment.statistics.intervals import wilson
from sentiment.text.units import percent

SHOWN = 60  # newest nights
ROOM_FOR_LABELS = 116
CURVES = (marked("expected"), marked("by labels"))
FALLEN = marked(
    "Version {version} has {now} of the newest {rows:,} labelled posts right; when it was published, {was}: a fall of "
    "more than {limit:.1f} points."
)
STANDS = marked(
    "Version {version} has {now} of the newest {rows:,} labelled posts right; when it was published, {was}: no fall of "
    "more than {limit:.1f} points is shown."
)


@dataclass(frozen=True)
class Bar:
    """A night's interval as an upright line; `held` tells whether it contains what the labels say."""

    x: float
    low: float
    high: float
    held: bool


@dataclass(frozen=True)
class EstimatePlot:
    chart: LineChart
    bars: list[Bar]


@dataclass(frozen=True)
class Estimates:
    """What the page says of the nights; there is at least one."""

    sentences: list[str]
    plots: list[EstimatePlot]


def estimates(nights: Sequence[Night], sizes: Sequence[tuple[int, int]]) -> Estimates | None:
    """Returns the section about the nights, oldest first, with a plot a size (width, height); None without nights."""
    compared = [night for night in nights if night.estimate.measured is not None]
    if not compared:
        return None
    last = compared[-1].fall
    sentences = [coverage(compared), *([standing(compared[-1].version, last)] if last else [])]
    return Estimates(sentences, [plot(compared[-SHOWN:], *size) for size in sizes])


def coverage(nights: Sequence[Night]) -> str:
    """Returns how many of the nights' intervals held what the labels said."""
    held = sum(bool(night.estimate.held) for night in nights)
    low, high = wilson(held, len(nights)) or (0.0, 1.0)
    return tr_many(
        "In {held:,} of {number:,} night, the interval held what the labels then said: {share} (chance leaves {low} to "
        "{high}), meant are 95 %.",
        "In {held:,} of {number:,} nights, the interval held what the labels then said: {share} (chance leaves {low} "
        "to {high}), meant are 95 %.",
        len(nights),
        held=held,
        share=percent(held / len(nights)),
        low=percent(low),
        high=percent(high),
    )


def standing(version: int, fall: Fall) -> str:
    """Returns how the newest posts compare with the version's test before it was published."""
    return tr(
        FALLEN if fall.below else STANDS,
        version=version,
        now=percent(fall.correct / fall.rows),
        rows=fall.rows,
        was=percent(fall.was_correct / fall.was_rows),
        limit=100 * fall.limit,
    )


def plot(nights: Sequence[Night], width: int, height: int) -> EstimatePlot:
    """Returns the plot of `width` × `height` units: both curves, and each night's interval."""
    frame = Frame(width, height, LEFT, width - ROOM_FOR_LABELS, TOP, height - UNDER)
    found = [night.estimate for night in nights]
    values = [value for one in found for value in (one.low, one.high, one.measured or 0.0)]
    x = whole_axis(1, len(nights), frame.left + 10, frame.right - 10)
    y = round_axis(min(values), max(values), frame.bottom, frame.top)
    curves = {
        tr(CURVES[0]): [(number, one.accuracy) for number, one in enumerate(found, 1)],
        tr(CURVES[1]): [(number, one.measured or 0.0) for number, one in enumerate(found, 1)],
    }
    styles = dict(zip(curves, STYLES, strict=True))
    bars = [Bar(x.at(number), y.at(one.low), y.at(one.high), bool(one.held)) for number, one in enumerate(found, 1)]
    return EstimatePlot(line_chart(frame, x, y, curves, styles, share, lambda curve: curve), bars)
