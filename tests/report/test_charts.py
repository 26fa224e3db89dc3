from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from sentiment.report import charts, tables
from sentiment.report.calibration import BINS


def test_curves_stay_inside_the_plot_and_mark_the_best_epoch() -> None:
    result = {"loss": [1.2, 0.6, 0.3], "val_loss": [1.0, 0.7, 0.9], "accuracy": [0.4, 0.8, 0.9], "val_accuracy": []}
    loss, accuracy = (curves.chart for curves in charts.learning_curves(result))
    frame = loss.frame
    assert [line.name for line in loss.lines] == ["training", "validation"]
    assert [line.name for line in accuracy.lines] == ["training"]
    for chart in (loss, accuracy):
        for line in chart.lines:
            assert all(frame.left <= x <= frame.right and frame.top <= y <= frame.bottom for x, y in line.points)
    assert loss.lines[1].best == loss.lines[1].points[1]
    assert loss.lines[0].best is None


def test_one_epoch_is_a_point() -> None:
    chart = charts.learning_curves({"loss": [0.7], "accuracy": [0.5]})[0].chart
    assert len(chart.lines[0].points) == 1
    assert chart.lines[0].dots


def test_no_figures_are_no_chart_and_what_is_no_number_is_left_out() -> None:
    assert charts.learning_curves({"seconds": 3}) == []
    assert charts.finite([1.0, math.nan, math.inf, 2.0]) == [(1, 1.0), (4, 2.0)]


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


def test_thousands_of_epochs_are_drawn_with_hundreds_of_points() -> None:
    chart = charts.learning_curves({"loss": [1 / epoch for epoch in range(1, 5001)]})[0].chart
    assert 100 < len(chart.lines[0].points) < 400
    assert not chart.lines[0].dots
    assert tables.spread(list(range(1000)), 5) == [0, 250, 500, 749, 999]
