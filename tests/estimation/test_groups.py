from __future__ import annotations

import pytest
from support.estimates import estimate_of, gap_of, night_of

from sentiment.estimation.groups import estimates, grouped, sets_by_source, together


def test_the_largest_come_first_and_the_rest_is_one() -> None:
    rows = [(f"s{number}", 0.8, True) for number in range(5) for _ in range(number + 1)]
    found = estimates(grouped(rows), [gap_of()], most=3)
    assert [(one.name, one.rows, one.correct) for one in found] == [
        ("s4", 5, 5),
        ("s3", 4, 4),
        ("s2", 3, 3),
        (None, 3, 3),
    ]


def test_a_group_in_which_a_label_is_missing_is_not_compared() -> None:
    groups = grouped([("a", 0.9, True), ("a", 0.8, None), ("b", 0.7, False)])
    assert (groups["a"].correct, groups["b"].correct) == (None, 0)
    assert together(groups.values()).correct is None


def test_a_smaller_group_is_less_certain() -> None:
    large, small = estimates(grouped([("a", 0.8, None)] * 900 + [("b", 0.8, None)] * 10), [gap_of()])
    assert small.high - small.low > 1.2 * (large.high - large.low)


def test_a_source_is_corrected_by_its_own_posts_once_it_has_enough() -> None:
    """Two sources on which the model is as sure, and right far more often on one than on the other."""
    known = {"ptt": 60, "dcard": 20, "rare": 0}
    rows = {"ptt": 80, "dcard": 80, "rare": 2}
    by_source = [estimate_of(correct, rows[name], name=name, confidence=0.8) for name, correct in known.items()] + [
        estimate_of(3, 400, name=None),
        estimate_of(None, 400, name=""),
    ]
    own = sets_by_source([night_of(f"n{number}", by_source=by_source) for number in range(2)])
    assert {name: [one.rows for one in sets] for name, sets in own.items()} == {
        "ptt": [80, 80],
        "dcard": [80, 80],
        "rare": [2, 2],
    }
    groups = grouped((name, 0.8, None) for name in ("ptt", "dcard", "rare", "new"))
    found = {one.name: one.accuracy for one in estimates(groups, [gap_of(-0.1)], own=own)}
    assert found == {name: pytest.approx(share) for name, share in zip(found, (0.25, 0.7, 0.75, 0.7), strict=True)}
