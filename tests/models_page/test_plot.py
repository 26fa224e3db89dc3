"""Where the points of the plot go."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from support import models_page_homes as homes

from sentiment.models_page.plot import accuracy_plot, thinned
from sentiment.serving.rules import fold
from sentiment.serving.state import State, Version


def test_a_line_a_set_a_dot_a_version_and_an_upright_a_label() -> None:
    plot = accuracy_plot(fold(homes.typed(homes.three_versions())), 860, 280)
    assert plot
    assert [line.name for line in plot.lines] == ["frozen", "rolling"]
    assert [[dot.version for dot in line.dots] for line in plot.lines] == [[1, 2, 3], [1, 2, 3]]
    assert [mark.told for mark in plot.marks] == ["stable 2", "canary 3"]
    assert plot.lines[0].dots[0].told == "version 1, frozen set: 0.805"


def test_without_an_accuracy_there_is_no_plot() -> None:
    assert accuracy_plot(State(), 860, 280) is None
    nonsense = {1: Version(1, metrics={"frozen": float("nan"), "rolling": "high"})}  # type: ignore[dict-item]
    assert accuracy_plot(State(nonsense), 860, 280) is None


def test_a_thousand_versions_are_few_points_and_no_dip_is_lost() -> None:
    points = [(number, 0.9 if number != 613 else 0.1) for number in range(1, 1001)]
    kept = thinned(points)
    assert (613, 0.1) in kept and len(kept) <= 302 and kept[0] == points[0] and kept[-1] == points[-1]


@given(st.dictionaries(st.integers(1, 2**63 - 1), st.floats(0, 1), min_size=1, max_size=30))
def test_every_point_is_within_the_plot(shares: dict[int, float]) -> None:
    versions = {number: Version(number, metrics={"frozen": value}) for number, value in shares.items()}
    plot = accuracy_plot(State(versions), 360, 240)
    assert plot
    for dot in plot.lines[0].dots:
        assert 0 <= dot.x <= plot.right and 0 <= dot.y <= plot.height and math.isfinite(dot.x)
    assert 1 <= len(plot.x.ticks) <= 18 and 2 <= len(plot.y.ticks) <= 12
