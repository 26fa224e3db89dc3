"""Accuracy over versions as the lines of an SVG: numbers become coordinates here, and a template draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sentiment.charts.axis import Axis, round_axis, whole_axis
from sentiment.charts.lines import STYLES, Curve, Frame, LineChart, line_chart
from sentiment.language import marked, tr
from sentiment.models_page.wording import is_number, share
from sentiment.serving.state import State, Version

STYLE_OF_SET = dict(zip((marked("frozen"), marked("rolling")), STYLES, strict=True))
MOST_DOTS = 60  # up to this many versions, each has its own dot with a link
LEAST_SPAN = 0.05  # of the axis: a smaller span would turn a few rows into mountains
LEFT, TOP, UNDER = 40, 26, 26
ROOM_FOR_LABELS = 106  # right of the plot
OF_ITS_NIGHT = marked("Each point is from the night in which the version was made.")
JOINED = marked(
    "Each point is from the night in which the version was made. Points of the rolling set are joined only where they "
    "are known to be of the same rows."
)
ACROSS = marked(
    "Each point is from the night in which the version was made. The rolling set's line joins points of different rows."
)
ROOM_FOR_TEXT = 60  # to the left of a vertical line


@dataclass(frozen=True)
class Mark:
    """A label's version: where its vertical line stands, and the text above the line."""

    x: float
    told: str
    anchor: str


@dataclass(frozen=True)
class Plot:
    """`breaks` are where, between two versions, the frozen test set was replaced: no line of that set goes across."""

    chart: LineChart
    marks: list[Mark]
    breaks: list[float]
    note: str  # which rows the points are of


def accuracy_plot(state: State, width: int, height: int, replaced: Sequence[int] = ()) -> Plot | None:
    """Returns the plot of `width` × `height` units; None when no version has an accuracy.

    After the versions `replaced`, the frozen test set was another one.
    """
    curves = {name: _curve(state.versions, name) for name in STYLE_OF_SET}
    curves = {name: curve for name, curve in curves.items() if curve}
    if not curves:
        return None
    numbers = [number for curve in curves.values() for number, _ in curve]
    shares = [value for curve in curves.values() for _, value in curve]
    frame = Frame(width, height, LEFT, width - ROOM_FOR_LABELS, TOP, height - UNDER)
    x = whole_axis(min(numbers), max(numbers), frame.left + 10, frame.right - 10)
    y = round_axis(min(*shares, max(shares) - LEAST_SPAN), max(shares), frame.bottom, frame.top)
    chart = line_chart(frame, x, y, curves, STYLE_OF_SET, share, _marked)
    breaks = sorted({x.at(number + 0.5) for number in replaced if x.low <= number < x.high})
    rolling = curves.get("rolling", [])
    joined = len(rolling) > MOST_DOTS  # without dots, nothing would be left of a broken line
    others = () if joined else tuple(x.at(number) for number in other_rows(state.versions))
    gaps = {"frozen": tuple(breaks), "rolling": others}
    lines = [replace(line, name=tr(line.name), breaks=gaps[line.name]) for line in chart.lines]
    note = (ACROSS if joined else JOINED) if len(rolling) > 1 else OF_ITS_NIGHT
    return Plot(replace(chart, lines=lines), _marks(state, x), breaks, tr(note))


def _curve(versions: Mapping[int, Version], name: str) -> list[tuple[int, float]]:
    found = ((number, version.metrics.get(name)) for number, version in sorted(versions.items()))
    return [(number, float(value)) for number, value in found if is_number(value) and 0 <= value <= 1]


def other_rows(versions: Mapping[int, Version]) -> list[int]:
    """Returns the versions whose rolling set is not known to be that of the version before: no line leads to them."""
    found, before = [], ""
    for number, version in sorted(versions.items()):
        tests = version.data.tests
        digest = tests.rolling.sha256 if tests else ""
        found += [number] if not digest or digest != before else []
        before = digest
    return found


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
        marks.append(Mark(place, f"{tr(label)} {state.labels[label]}", "end" if leftwards and fits else "start"))
    return marks
