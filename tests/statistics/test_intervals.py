from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.statistics.intervals import at_least_above, wilson


@pytest.mark.parametrize(
    ("right", "rows", "low", "high"),
    # R. G. Newcombe (1998), Statistics in Medicine 17:857-872, table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_published_intervals(right: int, rows: int, low: float, high: float) -> None:
    assert wilson(right, rows) == pytest.approx((low, high), abs=5e-5)


def test_no_rows_have_no_interval() -> None:
    assert wilson(0, 0) is None


@given(st.integers(1, 10**6).flatmap(lambda rows: st.tuples(st.integers(0, rows), st.just(rows))))
def test_it_holds_the_share_and_stays_a_share(counts: tuple[int, int]) -> None:
    right, rows = counts
    interval = wilson(right, rows)
    assert interval is not None
    assert 0 <= interval[0] <= right / rows <= interval[1] <= 1
    assert interval[1] - interval[0] > 0
    mirrored = wilson(rows - right, rows)
    assert mirrored == pytest.approx((1 - interval[1], 1 - interval[0]))


@pytest.mark.parametrize(
    ("mine", "others", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
    ids=str,
)
def test_the_difference_of_two_shares_is_newcombes(
    mine: tuple[int, int], others: tuple[int, int], low: float, high: float
) -> None:
    """Table II of the paper, method 10."""
    assert at_least_above(*mine, *others) == pytest.approx(low, abs=5e-5)
    assert -at_least_above(*others, *mine) == pytest.approx(high, abs=5e-5)
    assert at_least_above(0, 0, *others) == at_least_above(*mine, 0, 0) == -1
