"""The expected accuracy: corrected by the sets, and an interval that holds what it says, also when sets differ."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as some
from support.estimates import gap_of

from sentiment.estimation.gaps import NEWEST, chosen, estimate, gap, spread
from sentiment.results.estimate import Gap

Answers = tuple[list[float], list[bool]]


def answers(draw: random.Random, rows: int, difference: float) -> Answers:
    """A model that is right as often as it says, but for `difference`."""
    confidence = [draw.uniform(0.4, 1.0) for _ in range(rows)]
    return confidence, [draw.random() < min(1.0, max(0.0, sure + difference)) for sure in confidence]


def test_a_gap_is_what_the_labels_say_less_what_the_model_says() -> None:
    found = gap([0.9, 0.8, 0.7, 0.6], [True, True, False, False])
    assert (found.rows, found.accuracy, found.threshold) == (4, 0.5, 0.8)
    assert found.confidence == pytest.approx(0.75) and found.difference == pytest.approx(-0.25)


@pytest.mark.parametrize("right", [[True], [False], [True] * 5, [False] * 5])
def test_a_handful_of_rows_is_never_certain(right: list[bool]) -> None:
    found = gap([1.0] * len(right), right)
    assert found.deviation > 0.1
    only = estimate([1.0], [found])
    assert only.high - only.low > 0.1


def test_an_overconfident_model_is_expected_to_be_as_right_as_it_was() -> None:
    draw = random.Random(1)
    sets = [gap(*answers(draw, 4000, -0.15)) for _ in range(6)]
    confidence, right = answers(draw, 4000, -0.15)
    found = estimate(confidence, sets, correct=sum(right))
    assert found.measured is not None and found.held
    assert abs(found.accuracy - found.measured) < 0.03 < abs(found.confidence - found.measured)


@pytest.mark.parametrize(("tau", "sets"), [(0.0, 1), (0.0, 6), (0.03, 2), (0.03, 8), (0.1, 12)])
def test_of_the_intervals_at_least_nine_in_ten_hold_the_truth(tau: float, sets: int) -> None:
    """Sets of 200 rows whose differences themselves differ by `tau`; what is estimated differs as they do."""
    draw, held = random.Random(f"{tau}{sets}"), 0
    for _ in range(100):
        known = [gap(*answers(draw, 200, draw.gauss(-0.1, tau))) for _ in range(sets)]
        confidence, right = answers(draw, 200, draw.gauss(-0.1, tau))
        held += bool(estimate(confidence, known, correct=sum(right)).held)
    assert held >= 90


def test_an_interval_that_knew_the_sampling_error_alone_would_miss() -> None:
    """The reason for tau: without it, of such intervals far fewer hold."""
    draw, held = random.Random(5), 0
    for _ in range(60):
        known = [gap(*answers(draw, 800, draw.gauss(-0.1, 0.08))) for _ in range(6)]
        confidence, right = answers(draw, 800, draw.gauss(-0.1, 0.08))
        found = estimate(confidence, known, correct=sum(right))
        error = 1.96 * math.sqrt(sum(one.deviation**2 / one.rows for one in known) / 36 + 0.2 / 800)
        held += abs(found.accuracy - (found.measured or 0)) <= error
    assert held < 36


def test_the_spread_is_the_priors_without_others_and_the_sets_own_with_many() -> None:
    assert math.sqrt(spread([gap_of()])) == pytest.approx(0.04)
    assert math.sqrt(spread([gap_of(-0.05)] * 30)) < 0.011
    apart = [gap_of(-0.05 + 0.1 * (number % 2), rows=10**6) for number in range(30)]
    assert math.sqrt(spread(apart)) == pytest.approx(0.05, rel=0.05)


def test_labels_change_nothing_of_the_estimate() -> None:
    one, other = (estimate([0.6, 0.9], [gap_of()], correct=correct) for correct in (None, 0))
    assert (one.accuracy, one.low, one.high) == (other.accuracy, other.low, other.high)
    assert one.held is None and other.measured == 0


def test_thresholded_confidence_is_right_on_the_set_itself() -> None:
    draw = random.Random(3)
    confidence, right = answers(draw, 500, -0.2)
    assert estimate(confidence, [gap(confidence, right)]).threshold_accuracy == pytest.approx(sum(right) / 500)
    assert estimate([0.9, 1.0], [gap([1.0, 0.9], [False, False])]).threshold_accuracy == 0


def test_the_frozen_set_makes_room_for_newer_ones_and_old_nights_go() -> None:
    frozen, nights = gap_of(-0.3), [gap_of(number / 1000) for number in range(40)]
    assert chosen(frozen, nights[:4]) == [frozen, *nights[:4]]
    assert chosen(frozen, nights[:5]) == nights[:5]
    assert chosen(frozen, nights) == nights[-NEWEST:]
    assert chosen(None, []) == []


@given(
    some.lists(some.floats(0, 1, width=32), min_size=1, max_size=20),
    some.lists(some.tuples(some.floats(-0.8, 0.15), some.integers(1, 10**6), some.floats(0, 0.6)), min_size=1),
)
def test_it_is_a_share_within_its_interval(confidence: list[float], known: list[tuple[float, int, float]]) -> None:
    sets: list[Gap] = [gap_of(*one) for one in known]
    found = estimate(confidence, sets)
    assert 0 <= found.low <= found.accuracy <= found.high <= 1
    assert 0 <= found.threshold_accuracy <= 1 and found.rows == len(confidence)
