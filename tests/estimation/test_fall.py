"""The alarm is about a fall that is real: more than is allowed, even at best."""

from __future__ import annotations

import pytest
from support.estimates import estimate_of

from sentiment.estimation.fall import fall, is_below, newest

WAS = (1000, 850)


@pytest.mark.parametrize(
    ("correct", "below"),
    [(425, False), (400, False), (380, False), (370, True), (300, True), (0, True), (500, False)],
)
def test_of_500_rows_a_fall_of_ten_points_is_one(correct: int, below: bool) -> None:
    found = fall([(500, correct)], WAS, 0.05)
    assert found and found.below == below


def test_a_single_bad_night_is_none_where_chance_explains_it() -> None:
    found = fall([(60, 44)], WAS, 0.05)
    assert found and found.correct / found.rows < 0.74 and not found.below


def test_nights_are_taken_together_until_they_have_enough_rows() -> None:
    assert newest([(300, 10), (200, 150), (400, 300)]) == (600, 450)
    assert newest([(50, 40)]) == (50, 40)
    assert newest([]) == (0, 0)
    assert fall([], WAS, 0.05) is None


def test_what_is_only_estimated_counts_by_the_upper_end_of_its_interval() -> None:
    assert not is_below(estimate_of(accuracy=0.7, low=0.6, high=0.8), WAS, 0.05)
    assert is_below(estimate_of(accuracy=0.7, low=0.65, high=0.75), WAS, 0.05)
    assert not is_below(estimate_of(accuracy=0.7, low=0.65, high=0.75), (20, 17), 0.05)
