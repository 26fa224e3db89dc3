from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.report import charts
from sentiment.report.axis import Axis, round_axis
from sentiment.report.calibration import BINS

VALUES = st.floats(-1e6, 1e6, allow_nan=False)


@given(VALUES, VALUES)
def test_a_round_axis_covers_its_values_with_few_ticks(one: float, other: float) -> None:
    low, high = min(one, other), max(one, other)
    axis = round_axis(low, high, 0.0, 100.0)
    slack = 1e-5 * max(abs(low), abs(high), high - low) + 1e-9
    assert axis.low <= low + slack
    assert axis.high >= high - slack
    assert 2 <= len(axis.ticks) <= 8
    assert -0.1 <= axis.at(low) <= axis.at(high) <= 100.1


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.0, 1.1, ["0.0", "0.5", "1.0", "1.5"]),
        (0.61, 0.96, ["0.6", "0.7", "0.8", "0.9", "1.0"]),
        (0.0, 0.09, ["0.000", "0.025", "0.050", "0.075", "0.100"]),
        (0.5, 0.5, ["0.46", "0.48", "0.50", "0.52", "0.54"]),
    ],
)
def test_ticks_are_written_with_the_digits_they_need(low: float, high: float, labels: list[str]) -> None:
    found = [label for _, label in round_axis(low, high, 0, 1).ticks]
    assert len(found) == len(set(found))
    assert found == labels or (low == high and "0.50" in found)


@pytest.mark.parametrize("epochs", [1, 2, 8, 9, 30, 777, 10_000])
def test_epochs_are_whole_numbers_from_one(epochs: int) -> None:
    labels = [label for _, label in charts.epoch_axis(epochs).ticks]
    assert labels[0] == "1"
    assert all(label.isdigit() for label in labels)
    assert len(labels) <= 9
    assert int(labels[-1]) <= epochs


def test_an_axis_of_one_value_puts_it_in_the_middle() -> None:
    assert Axis(1, 1, 0, 10).at(1) == 5


def test_curves_stay_inside_the_plot_and_mark_the_best_epoch() -> None:
    result = {"loss": [1.2, 0.6, 0.3], "val_loss": [1.0, 0.7, 0.9], "accuracy": [0.4, 0.8, 0.9], "val_accuracy": []}
    loss, accuracy = charts.learning_curves(result)
    assert [line.name for line in loss.lines] == ["training", "validation"]
    assert [line.name for line in accuracy.lines] == ["training"]
    for chart in (loss, accuracy):
        for line in chart.lines:
            assert all(charts.LEFT <= x <= charts.RIGHT and charts.TOP <= y <= charts.BOTTOM for x, y in line.points)
    assert loss.lines[1].best == loss.lines[1].points[1]
    assert loss.lines[0].best is None


def test_one_epoch_is_a_point() -> None:
    chart = charts.learning_curves({"loss": [0.7], "accuracy": [0.5]})[0]
    assert len(chart.lines[0].points) == 1
    assert chart.lines[0].dots


def test_no_figures_are_no_chart_and_what_is_no_number_is_left_out() -> None:
    assert charts.learning_curves({"seconds": 3}) == []
    assert charts.finite([1.0, math.nan, math.inf, 2.0]) == [(1, 1.0), (4, 2.0)]


def test_thousands_of_epochs_are_drawn_with_hundreds_of_points() -> None:
    chart = charts.learning_curves({"loss": [1 / epoch for epoch in range(1, 5001)]})[0]
    assert len(chart.lines[0].points) == charts.MOST_POINTS
    assert not chart.lines[0].dots
    assert charts.thinned(list(range(1000)), 5) == [0, 250, 500, 749, 999]


@given(st.lists(st.floats(charts.TOP, charts.BOTTOM), min_size=1, max_size=3))
def test_labels_never_cover_each_other(heights: list[float]) -> None:
    placed = sorted(charts.apart(heights))
    assert all(b - a >= charts.LABELS_APART - 0.2 for a, b in itertools.pairwise(placed))
    assert placed[-1] <= charts.BOTTOM + 0.1


def test_a_dot_for_each_bin_that_has_rows() -> None:
    empty = {"rows": 0, "confidence": None, "accuracy": None, "low": None, "high": None}
    bins = [{"from": number / BINS, "to": (number + 1) / BINS, **empty} for number in range(BINS)]
    bins[9] |= {"rows": 30, "confidence": 0.97, "accuracy": 0.9, "low": 0.74, "high": 0.97}
    bins[4] |= {"rows": 1, "confidence": 0.45, "accuracy": 0.0, "low": 0.0, "high": 0.79}
    chart = charts.reliability(bins)
    assert len(chart.dots) == 2
    small, large = chart.dots
    assert small.radius < large.radius
    assert small.x < large.x
    assert small.low > small.high  # upwards is less
    assert large.bar[3] == charts.STRIP[1] - charts.STRIP[0]
    assert "30 posts, 90.0% right" in large.label


@given(st.lists(st.floats(0, 1), max_size=5))
def test_interval_bars_start_at_a_round_tenth(lows: list[float]) -> None:
    axis = charts.share_axis(lows)
    assert 0 <= axis.low <= 0.9
    assert all(-0.1 <= axis.at(low) <= 100 for low in lows)
    assert round(axis.low * 10, 6) == round(axis.low * 10)
