"""Line charts: values become coordinates, and the template `lines.html` draws them.

All lengths are in the units of a chart's view box, which are CSS pixels where the chart is shown at its own size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from sentiment.charts.axis import Axis

LABELS_APART = 16
BUCKETS = 150  # of a longer line, each drawn with its lowest and its highest point: more cannot be told apart
STYLES = ("one", "two")  # of the lines, in charts.css

Curve = Sequence[tuple[int, float]]  # whole numbers upwards, each with its value
Point = tuple[float, float]


@dataclass(frozen=True)
class Frame:
    """How large a chart is, and where the edges of its plot are; the lines' labels stand to its right."""

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True)
class Dot:
    """A point that is marked: its coordinates, its number, and its value as text."""

    x: float
    y: float
    number: int
    written: str


@dataclass(frozen=True)
class Line:
    """One curve: its points, those that are marked, and a label for its last point that stands at height `label_y`."""

    name: str
    style: str
    points: list[Point]
    dots: list[Dot]
    last: str
    label_y: float
    best: Point | None = None
    breaks: tuple[float, ...] = ()  # places on the x axis across which no line is drawn

    @property
    def path(self) -> str:
        befores = [-math.inf, *(x for x, _ in self.points)]
        return "".join(
            f"{'M' if before == -math.inf or any(before < place <= x for place in self.breaks) else 'L'}{x:g} {y:g}"
            for before, (x, y) in zip(befores, self.points, strict=False)
        )


@dataclass(frozen=True)
class LineChart:
    frame: Frame
    x: Axis
    y: Axis
    lines: list[Line] = field(default_factory=list)


def line_chart(
    frame: Frame,
    x: Axis,
    y: Axis,
    curves: Mapping[str, Curve],
    styles: Mapping[str, str],
    written: Callable[[float], str],
    marked: Callable[[Curve], Curve],
) -> LineChart:
    """Returns the chart of curves, by name.

    `styles` are their names' styles, `written` makes text of a value, `marked` chooses the points with a dot.
    """
    heights = apart([y.at(curve[-1][1]) for curve in curves.values()], frame.bottom)
    lines = []
    for (name, curve), height in zip(curves.items(), heights, strict=True):
        points = [(x.at(number), y.at(value)) for number, value in thinned(curve)]
        dots = [Dot(x.at(number), y.at(value), number, written(value)) for number, value in marked(curve)]
        lines.append(Line(name, styles[name], points, dots, written(curve[-1][1]), height))
    return LineChart(frame, x, y, lines)


def thinned(curve: Curve, buckets: int = BUCKETS) -> list[tuple[int, float]]:
    """Returns the lowest and the highest point of each of `buckets` parts, in order, so that no dip is lost."""
    if len(curve) <= 2 * buckets:
        return list(curve)
    edges = [round(part * len(curve) / buckets) for part in range(buckets + 1)]
    kept = {curve[0], curve[-1]}
    for start, end in pairwise(edges):
        kept |= {min(curve[start:end], key=lambda point: point[1]), max(curve[start:end], key=lambda point: point[1])}
    return sorted(kept)


def apart(heights: Sequence[float], bottom: float) -> list[float]:
    """Returns where labels stand that belong at `heights`: none covers another, and none is below `bottom`."""
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    placed = [0.0] * len(heights)
    above = -math.inf
    for index in order:
        above = placed[index] = max(heights[index], above + LABELS_APART)
    too_low = max(0.0, above - bottom)
    return [round(height - too_low, 1) for height in placed]
