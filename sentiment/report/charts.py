"""The page's charts: learning curves, reliability diagram, interval bars; values become coordinates, templates draw.

All lengths are in units of a chart's view box, which are CSS pixels when the chart is shown at its own size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sentiment.charts.axis import Axis, round_axis, whole_axis
from sentiment.charts.lines import STYLES, Curve, Frame, Line, LineChart, line_chart
from sentiment.language import tr

FRAME = Frame(width=360, height=220, left=36, right=246, top=14, bottom=184)
LEAST_SPAN = 0.1  # of the accuracy axis: a smaller span would turn a few rows into mountains
MOST_DOTS = 25  # up to this many points, each is marked
SQUARE = (44, 300, 12, 268)  # left, right, top, bottom of the reliability diagram's plot
STRIP = (286, 330)  # top and bottom of the histogram below it


Best = Callable[..., tuple[int, float]]  # min or max


@dataclass(frozen=True)
class Curves:
    title: str
    chart: LineChart


def learning_curves(result: Mapping[str, Any]) -> list[Curves]:
    """Returns the charts of loss and accuracy by epoch, without those that have no figures."""
    charts = []
    for title, name, best in ((tr("Loss"), "loss", min), (tr("Accuracy"), "accuracy", max)):
        curves = {tr("training"): finite(result.get(name)), tr("validation"): finite(result.get(f"val_{name}"))}
        curves = {line: values for line, values in curves.items() if values}
        if curves:
            charts.append(Curves(title, _line_chart(curves, best)))
    return charts


def finite(values: Sequence[float] | None) -> list[tuple[int, float]]:
    """Returns (epoch, value) of the values that are numbers; epochs count from 1."""
    return [(epoch, value) for epoch, value in enumerate(values or (), 1) if math.isfinite(value)]


def _line_chart(curves: dict[str, list[tuple[int, float]]], best: Best) -> LineChart:
    figures = [value for curve in curves.values() for _, value in curve]
    x = whole_axis(1, max(curve[-1][0] for curve in curves.values()), FRAME.left + 12, FRAME.right - 12)
    low = 0.0 if best is min else min(*figures, max(figures) - LEAST_SPAN)
    y = round_axis(low, max(figures), FRAME.bottom, FRAME.top)
    styles = dict(zip((tr("training"), tr("validation")), STYLES, strict=True))
    chart = line_chart(FRAME, x, y, curves, styles, "{:.3f}".format, _marked)
    return replace(chart, lines=[_ringed(line, curves[line.name], chart, best) for line in chart.lines])


def _marked(curve: Curve) -> Curve:
    return curve if len(curve) <= MOST_DOTS else ()


def _ringed(line: Line, curve: Curve, chart: LineChart, best: Best) -> Line:
    """Returns the line with its best epoch, when it is the validation's."""
    if line.name != tr("validation") or len(curve) < 2:
        return line
    epoch, value = best(curve, key=lambda point: point[1])
    return replace(line, best=(chart.x.at(epoch), chart.y.at(value)))


@dataclass(frozen=True)
class Bin:
    """One bin of the reliability diagram: its point, the interval through it, and its bar in the histogram."""

    x: float
    y: float
    low: float
    high: float
    radius: float
    bar: tuple[float, float, float, float]  # x, y, width, height
    label: str


@dataclass(frozen=True)
class Reliability:
    x: Axis
    y: Axis
    dots: list[Bin]
    most: int


def reliability(bins: Sequence[dict[str, Any]]) -> Reliability:
    """Returns the reliability diagram of a calibration's bins; the area of a dot is proportional to its rows."""
    left, right, top, bottom = SQUARE
    steps = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    x, y = Axis(0, 1, left, right, steps), Axis(0, 1, bottom, top, steps)
    most = max(item["rows"] for item in bins)
    dots = [_bin(item, x, y, most) for item in bins if item["rows"]]
    return Reliability(x, y, dots, most)


def _bin(item: dict[str, Any], x: Axis, y: Axis, most: int) -> Bin:
    top, bottom = STRIP
    tall = max(1.0, round((bottom - top) * item["rows"] / most, 1))
    start, end = x.at(item["from"]), x.at(item["to"])
    return Bin(
        x=x.at(item["confidence"]),
        y=y.at(item["accuracy"]),
        low=y.at(item["low"]),
        high=y.at(item["high"]),
        radius=round(3 + 5 * math.sqrt(item["rows"] / most), 1),
        bar=(start + 1, round(bottom - tall, 1), round(end - start - 2, 1), tall),
        label=tr(
            "{least} to {most} sure: {number} posts, {share} right",
            least=f"{item['from']:.0%}",
            most=f"{item['to']:.0%}",
            number=f"{item['rows']:,}",
            share=f"{item['accuracy']:.1%}",
        ),
    )


def share_axis(lows: Sequence[float]) -> Axis:
    """Returns the axis of interval bars, in % of a track's width, from a round tenth below the lowest one to 1."""
    low = min(0.9, math.floor(min(lows, default=0.0) * 10 + 1e-9) / 10)
    return Axis(low, 1.0, 0.0, 100.0)
