"""Accuracy over versions as the lines of an SVG: numbers become coordinates here, and a template draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sentiment.models_page.wording import is_number, share
from sentiment.report.axis import Axis, round_axis
from sentiment.serving.state import State, Version

SETS = ("frozen", "rolling")
MOST_DOTS = 60  # up to this many versions, each has its own dot with a link
BUCKETS = 150  # a longer line is split into these, each drawn with its lowest and its highest version
LEAST_SPAN = 0.05  # of the axis: a smaller span would turn a few rows into mountains
LEFT, TOP, UNDER = 40, 26, 26
APART = 14  # the least distance of two labels
ROOM_FOR_TEXT = 60  # to the left of a vertical line
Point = tuple[float, float]


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


@dataclass(frozen=True)
class Mark:
    """A label's version: where its vertical line stands, and the text above the line."""

    x: float
    told: str
    anchor: str


@dataclass(frozen=True)
class Plot:
    width: int
    height: int
    right: float
    bottom: float
    x: Axis
    y: Axis
    lines: list[Line]
    marks: list[Mark]
    first: int
    last: int


def accuracy_plot(state: State, width: int, height: int) -> Plot | None:
    """Returns the plot of `width` × `height` units; None when no version has an accuracy."""
    series = {name: _series(state.versions, name) for name in SETS}
    series = {name: points for name, points in series.items() if points}
    if not series:
        return None
    numbers = [number for points in series.values() for number, _ in points]
    shares = [value for points in series.values() for _, value in points]
    right, bottom = width - 92.0, float(height - UNDER)
    x = _version_axis(min(numbers), max(numbers), LEFT + 10.0, right - 10.0)
    y = round_axis(min(*shares, max(shares) - LEAST_SPAN), max(shares), bottom, TOP)
    heights = _apart([y.at(points[-1][1]) for points in series.values()])
    lines = [_line(name, points, x, y, height) for (name, points), height in zip(series.items(), heights, strict=True)]
    return Plot(width, height, right, bottom, x, y, lines, _marks(state, x), min(numbers), max(numbers))


def _series(versions: Mapping[int, Version], name: str) -> list[tuple[int, float]]:
    found = ((number, version.metrics.get(name)) for number, version in sorted(versions.items()))
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
    every = next(factor * 10**power for factor in (1, 2, 5, 10) if span // (factor * 10**power) <= 7)
    steps = (first, *range((first // every + 1) * every, last + 1, every))
    if len(steps) > 1 and steps[1] - first < every / 2:
        steps = (steps[0], *steps[2:])
    return Axis(first, last, start, end, tuple(map(float, steps)))


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


def _apart(heights: list[float]) -> list[float]:
    """Returns the heights of two labels, moved apart until both can be read."""
    if len(heights) < 2 or abs(heights[0] - heights[1]) >= APART:
        return heights
    middle = sum(heights) / 2
    above = heights[0] <= heights[1]
    return [middle - APART / 2, middle + APART / 2] if above else [middle + APART / 2, middle - APART / 2]
