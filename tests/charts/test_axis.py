from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.charts.axis import Axis, round_axis, whole_axis

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
    labels = [label for _, label in whole_axis(1, epochs, 0, 100).ticks]
    assert labels[0] == "1"
    assert all(label.isdigit() for label in labels)
    assert len(labels) <= 9
    assert int(labels[-1]) <= epochs


def test_an_axis_of_one_value_puts_it_in_the_middle() -> None:
    assert Axis(1, 1, 0, 10).at(1) == 5


@given(st.integers(1, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_few_whole_numbers_are_written_and_the_second_does_not_cover_the_first(first: int, more: int) -> None:
    steps = whole_axis(first, first + more, 0, 100).steps
    assert steps[0] == first and len(steps) <= 9
    assert len(steps) < 3 or steps[1] - steps[0] >= (steps[2] - steps[1]) / 2
