"""Accuracy over versions as the lines of an SVG: numbers become coordinates here, and a template draws them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sentiment.charts.axis import Axis, round_axis, whole_axis
from sentiment.charts.lines import STYLES, Curve, Frame, LineChart, line_chart
from sentiment.models_page.wording import is_number, share
from sentiment.serving.state import State, Version

STYLE_OF_SET = dict(zip(("frozen", "rolling"), STYLES, strict=True))
MOST_DOTS = 60  # up to this many versions, each has its own dot with a link
⟦⟪BUCKETS = 150  # of a longer line, each drawn with its lowest and its highest version
⟫BUCKETS = 150  # a longer line is split into these, each drawn with its lowest and its highest version
⟧LEAST_SPAN = 0.05  # of the axis: a smaller span would turn a few rows into mountains
LEFT, TOP, UNDER = 40, 26, 26
ROOM_FOR_LABELS = 92  # ⟦right ⟪⟫the least distance ⟧of the plot
ROOM_FOR_TEXT = 60  # to the left of a vertical line
⟦⟪Point = tuple[float, float]


@dataclass(frozen=True)
class Dot:
    """One version's point. `told` is what a pointer that rests on it shows."""

    x: float
    y: float
    version: int
    told: str


@dataclass(frozen=True)
class Line:
    name: str
    points: str
    dots: list[Dot]
    last: str
    label_y: float
⟫Point = tuple[float, float]


@dataclass(frozen=True)
class Dot:
    """One version's point. `told` is the text shown while the pointer rests on it."""

    x: float
    y: float
    version: int
    told: str


@dataclass(frozen=True)
class Line:
    name: str
    points: str
    dots: list[Dot]
    last: str
    label_y: float
⟧

@dataclass(frozen=True)
class Mark:
    """A label's version: where its vertical line stands, and the text above the line."""

    x: float
    told: str
    anchor: str


@dataclass(frozen=True)
class Plot:
    chart: LineChart
    marks: list[Mark]


def accuracy_plot(state: State, width: int, height: int) -> Plot | None:
    """Returns the plot of `width` × `height` units; None when no version has an accuracy."""
    curves = {name: _curve(state.versions, name) for name in STYLE_OF_SET}
    curves = {name: curve for name, curve in curves.items() if curve}
    if not curves:
        return None
    numbers = [number for curve in curves.values() for number, _ in curve]
    shares = [value for curve in curves.values() for _, value in curve]
    frame = Frame(width, height, LEFT, width - ROOM_FOR_LABELS, TOP, height - UNDER)
    x = whole_axis(min(numbers), max(numbers), frame.left + 10, frame.right - 10)
    y = round_axis(min(*shares, max(shares) - LEAST_SPAN), max(shares), frame.bottom, frame.top)
    return Plot(line_chart(frame, x, y, curves, STYLE_OF_SET, share, _marked), _marks(state, x))


def _curve(versions: Mapping[int, Version], name: str) -> list[tuple[int, float]]:
    found = ((number, version.metrics.get(name)) for number, version in sorted(versions.items())⟦)⟪)
    return [(number, float(value)) for number, value in found if is_number(value) and 0 <= value <= 1]


def _line(name: str, points: Sequence[tuple[int, float]], x: Axis, y: Axis, label_y: float) -> Line:
    dots = [
        Dot(x.at(number), y.at(value), number, f"version {number}, {name} set: {share(value)}")
        for number, value in (points if len(points) <= MOST_DOTS else points[-1:])
    ]
    drawn = " ".join(f"{x.at(number):g},{y.at(value):g}" for number, value in thinned(points))
    return Line(name, drawn, dots, f"{name} {share(points[-1][1])}", label_y)


def thinned(points: Sequence[tuple[int, float]], buckets: int = BUCKETS) -> list[tuple[int, float]]:
    """Returns the lowest and the highest point of each of `buckets` parts, in order: no dip is lost."""
    if len(points) <= 2 * buckets:
        return list(points)
    edges = [round(part * len(points) / buckets) for part in range(buckets + 1)]
    kept = {points[0], points[-1]}
    for start, end in pairwise(edges):
        kept |= {min(points[start:end], key=lambda point: point[1]), max(points[start:end], key=lambda point: point[1])}
    return sorted(kept)


def _version_axis(first: int, last: int, start: float, end: float) -> Axis:
    """Returns the axis of version numbers: whole steps, at most eight of them written."""
    span = last - first
    power = next(power for power in range(20) if span // 10**power <= 16)
    every = next(factor * 10**power for factor in (1, 2, 5, 10) if span // (factor * 10**power) <= 7)⟫)
    return [(number, float(value)) for number, value in found if is_number(value) and 0 <= value <= 1]


def _line(name: str, points: Sequence[tuple[int, float]], x: Axis, y: Axis, label_y: float) -> Line:
    dots = [
        Dot(x.at(number), y.at(value), number, f"version {number}, {name} set: {share(value)}")
        for number, value in (points if len(points) <= MOST_DOTS else points[-1:])
    ]
    drawn = " ".join(f"{x.at(number):g},{y.at(value):g}" for number, value in thinned(points))
    return Line(name, drawn, dots, f"{name} {share(points[-1][1])}", label_y)


def thinned(points: Sequence[tuple[int, float]], buckets: int = BUCKETS) -> list[tuple[int, float]]:
    """Returns the lowest and the highest point of each of `buckets` parts, in order, so that no dip is lost."""
    if len(points) <= 2 * buckets:
        return list(points)
    edges = [round(part * len(points) / buckets) for part in range(buckets + 1)]
    kept = {points[0], points[-1]}
    for start, end in pairwise(edges):
        kept |= {min(points[start:end], key=lambda point: point[1]), max(points[start:end], key=lambda point: point[1])}
    return sorted(kept)


def _version_axis(first: int, last: int, start: float, end: float) -> Axis:
    """Returns the axis of version numbers: whole steps, at most eight of them labelled."""
    span = last - first
    power = next(power for power in range(20) if span // 10**power <= 16)
    every = next(factor * 10**power for factor in (1, 2, 5, 10) if span // (factor * 10**power) <= 7)⟧
    return [(number, float(value)) for number, value in found if is_number(value) and 0 <= value <= 1]


def _marked(curve: Curve) -> Curve:
    return curve if len(curve) <= MOST_DOTS else curve[-1:]


def _marks(state: State, x: Axis) -> list[Mark]:
    """Returns a vertical line each for stable and canary; their texts point away from each other, inside the plot."""
    places = {label: x.at(number) for label, number in state.labels.items() if x.low <= number <= x.high}
    leftmost = min(places.values(), default=0.0)
    marks = []
    for label, place in places.items():
        leftwards = place == leftmost if len(places) > 1 else place > (x.start + x.end) / 2
        fits = place - x.start > ROOM_FOR_TEXT
        marks.append(Mark(place, f"{label} {state.labels[label]}", "end" if leftwards and fits else "start"))
    return marks
⟦⟪

def _apart(heights: list[float]) -> list[float]:
    """Returns the heights of two labels, moved from each other until both can be read."""
    if len(heights) < 2 or abs(heights[0] - heights[1]) >= APART:
        return heights
    middle = sum(heights) / 2
    above = heights[0] <= heights[1]
    return [middle - APART / 2, middle + APART / 2] if above else [middle + APART / 2, middle - APART / 2]
⟫

def _apart(heights: list[float]) -> list[float]:
    """Returns the heights of two labels, moved apart until both can be read."""
    if len(heights) < 2 or abs(heights[0] - heights[1]) >= APART:
        return heights
    middle = sum(heights) / 2
    above = heights[0] <= heights[1]
    return [middle - APART / 2, middle + APART / 2] if above else [middle + APART / 2, middle - APART / 2]
⟧