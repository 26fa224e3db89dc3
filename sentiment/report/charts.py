"""Places the lines, points and bars of the page's charts: values become coordinates, and templates draw them.

All lengths are in units of a chart's view box, which are CSS pixels when the chart is shown at its own size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sentiment.report.axis import Axis, round_axis

WIDTH, HEIGHT = 360, 220
LEFT, RIGHT, TOP, BOTTOM = 36, 246, 14, 184  # the edges of a line chart's plot; labels stand to its right
LABELS_APART = 16
LEAST_SPAN = 0.1  # of the accuracy axis: a smaller span would turn a few rows into mountains
MOST_POINTS = 200  # of a line: more would not be visible
MOST_DOTS = 25  # up to this many points, each is marked
SQUARE = (44, 300, 12, 268)  # left, right, top, bottom of the reliability diagram's plot
STRIP = (286, 330)  # top and bottom of the histogram below it


def epoch_axis(epochs: int) -> Axis:
    """Returns the axis of epochs, which are whole numbers; at most eight of them are labelled."""
    every = next(step for power in range(9) for step in (10**power, 2 * 10**power, 5 * 10**power) if epochs / step <= 8)
    steps = (1, *(number for number in range(every, epochs + 1, every) if number > 1))
    return Axis(1, epochs, LEFT + 12, RIGHT - 12, tuple(map(float, steps)))


@dataclass(frozen=True)
class Line:
    """One curve: its points, and the label of the last one, at height `label_y`."""

    name: str
    style: str
    points: list[tuple[float, float]]
    last: str
    label_y: float
    dots: bool
    best: tuple[float, float] | None = None

    @property
    def path(self) -> str:
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in self.points)


@dataclass(frozen=True)
class LineChart:
    title: str
    x: Axis
    y: Axis
    lines: list[Line] = field(default_factory=list)


def learning_curves(result: Mapping[str, Any]) -> list[LineChart]:
    """Returns the charts of loss and accuracy by epoch, without those that have no figures."""
    charts = []
    for title, name, best in (("Loss", "loss", min), ("Accuracy", "accuracy", max)):
        curves = {"training": finite(result.get(name)), "validation": finite(result.get(f"val_{name}"))}
        curves = {name: values for name, values in curves.items() if values}
        if curves:
            charts.append(_line_chart(title, curves, best))
    return charts


def finite(values: Sequence[float] | None) -> list[tuple[int, float]]:
    """Returns (epoch, value) of the values that are numbers; epochs count from 1."""
    return [(epoch, value) for epoch, value in enumerate(values or (), 1) if math.isfinite(value)]


def _line_chart(title: str, curves: dict[str, list[tuple[int, float]]], best: Any) -> LineChart:
    figures = [value for curve in curves.values() for _, value in curve]
    x = epoch_axis(max(curve[-1][0] for curve in curves.values()))
    low = 0.0 if title == "Loss" else min(*figures, max(figures) - LEAST_SPAN)
    y = round_axis(low, max(figures), BOTTOM, TOP)
    heights = apart([y.at(curve[-1][1]) for curve in curves.values()])
    lines = []
    for (name, curve), height in zip(curves.items(), heights, strict=True):
        points = [(x.at(epoch), y.at(value)) for epoch, value in thinned(curve)]
        found = best(curve, key=lambda item: item[1])
        mark = (x.at(found[0]), y.at(found[1])) if name == "validation" and len(curve) > 1 else None
        lines.append(Line(name, name, points, f"{curve[-1][1]:.3f}", height, len(curve) <= MOST_DOTS, mark))
    return LineChart(title, x, y, lines)


def thinned(curve: Sequence[Any], most: int = MOST_POINTS) -> list[Any]:
    """Returns `curve`, or `most` evenly spaced points of it, including the first and the last."""
    if len(curve) <= most:
        return list(curve)
    return [curve[round(number * (len(curve) - 1) / (most - 1))] for number in range(most)]


def apart(heights: Sequence[float]) -> list[float]:
    """Returns the places of labels that belong at `heights`, moved apart so that none covers another, in the plot."""
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    placed = [0.0] * len(heights)
    above = -math.inf
    for index in order:
        above = placed[index] = max(heights[index], above + LABELS_APART)
    too_low = max(0.0, above - BOTTOM)
    return [round(height - too_low, 1) for height in placed]


@dataclass(frozen=True)
class Dot:
    """A bin of the reliability diagram: its point, the interval through it, and its bar in the histogram."""

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
    dots: list[Dot]
    most: int


def reliability(bins: Sequence[dict[str, Any]]) -> Reliability:
    """Returns the reliability diagram of a calibration's bins; the area of a dot is proportional to its rows."""
    left, right, top, bottom = SQUARE
    steps = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    x, y = Axis(0, 1, left, right, steps), Axis(0, 1, bottom, top, steps)
    most = max(item["rows"] for item in bins)
    dots = [_dot(item, x, y, most) for item in bins if item["rows"]]
    return Reliability(x, y, dots, most)


def _dot(item: dict[str, Any], x: Axis, y: Axis, most: int) -> Dot:
    top, bottom = STRIP
    tall = max(1.0, round((bottom - top) * item["rows"] / most, 1))
    start, end = x.at(item["from"]), x.at(item["to"])
    return Dot(
        x=x.at(item["confidence"]),
        y=y.at(item["accuracy"]),
        low=y.at(item["low"]),
        high=y.at(item["high"]),
        radius=round(3 + 5 * math.sqrt(item["rows"] / most), 1),
        bar=(start + 1, round(bottom - tall, 1), round(end - start - 2, 1), tall),
        label=f"{item['from']:.0%} to {item['to']:.0%} sure: {item['rows']:,} posts, {item['accuracy']:.1%} right",
    )


def share_axis(lows: Sequence[float]) -> Axis:
    """Returns the axis of interval bars, in % of a track's width, from a round tenth below the lowest one to 1."""
    low = min(0.9, math.floor(min(lows, default=0.0) * 10 + 1e-9) / 10)
    return Axis(low, 1.0, 0.0, 100.0)
