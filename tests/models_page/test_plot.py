"""Where the points of the plot go."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert
from support import models_page_homes as homes

from sentiment.models_page.plot import accuracy_plot
from sentiment.results.deliveries import TestFiles
from sentiment.results.model_card import TrainedOn
from sentiment.serving.rules import fold
from sentiment.serving.state import State, Version


def test_a_line_a_set_a_dot_a_version_and_an_upright_a_label() -> None:
    plot = accuracy_plot(fold(homes.typed(homes.three_versions())), 860, 280)
    assert plot
    assert [line.name for line in plot.chart.lines] == ["frozen", "rolling"]
    assert [[dot.number for dot in line.dots] for line in plot.chart.lines] == [[1, 2, 3], [1, 2, 3]]
    assert [mark.told for mark in plot.marks] == ["stable 2", "canary 3"]
    assert (plot.chart.lines[0].dots[0].number, plot.chart.lines[0].dots[0].written) == (1, "0.805")


def test_the_rolling_line_joins_only_points_of_the_same_rows() -> None:
    def made(number: int, rolling: str) -> Version:
        file = {"rows": 9, "sha256": "f"}
        tests = convert({"frozen": file, "rolling": {"rows": 9, "sha256": rolling}}, TestFiles)
        return Version(number, metrics={"frozen": 0.8, "rolling": 0.8}, data=TrainedOn(tests=tests))

    versions = {number: made(number, rolling) for number, rolling in enumerate("aabb", 1)}
    plot = accuracy_plot(State(versions), 860, 280)
    assert plot and "joined only where" in plot.note
    frozen, rolling = plot.chart.lines
    assert [letter for letter in frozen.path if letter.isalpha()] == list("MLLL")
    assert [letter for letter in rolling.path if letter.isalpha()] == list("MLML")


def test_a_line_without_dots_says_that_its_points_are_of_different_rows() -> None:
    plot = accuracy_plot(State({n: Version(n, metrics={"rolling": 0.8}) for n in range(1, 99)}), 860, 280)
    assert plot and "joins points of different rows" in plot.note and plot.chart.lines[0].path.count("M") == 1


def test_without_an_accuracy_there_is_no_plot() -> None:
    assert accuracy_plot(State(), 860, 280) is None
    nonsense = {1: Version(1, metrics={"frozen": float("nan"), "rolling": "high"})}  # type: ignore[dict-item]
    assert accuracy_plot(State(nonsense), 860, 280) is None


@given(st.dictionaries(st.integers(1, 2**63 - 1), st.floats(0, 1), min_size=1, max_size=30))
def test_every_point_is_within_the_plot(shares: dict[int, float]) -> None:
    versions = {number: Version(number, metrics={"frozen": value}) for number, value in shares.items()}
    plot = accuracy_plot(State(versions), 360, 240)
    assert plot
    for dot in plot.chart.lines[0].dots:
        assert 0 <= dot.x <= plot.chart.frame.right and 0 <= dot.y <= plot.chart.frame.height and math.isfinite(dot.x)
    assert 1 <= len(plot.chart.x.ticks) <= 9 and 2 <= len(plot.chart.y.ticks) <= 12
