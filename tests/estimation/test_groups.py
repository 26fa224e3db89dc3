from __future__ import annotations

from support.estimates import gap_of

from sentiment.estimation.groups import estimates, grouped, together


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
