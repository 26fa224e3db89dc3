from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from sentiment.charts.lines import LABELS_APART, apart, thinned

TOP, BOTTOM = 14, 184


@given(st.lists(st.floats(TOP, BOTTOM), min_size=1, max_size=3))
def test_labels_never_cover_each_other(heights: list[float]) -> None:
    placed = sorted(apart(heights, BOTTOM))
    assert all(b - a >= LABELS_APART - 0.2 for a, b in itertools.pairwise(placed))
    assert placed[-1] <= BOTTOM + 0.1


def test_a_thousand_points_become_few_and_no_dip_is_lost() -> None:
    points = [(number, 0.9 if number != 613 else 0.1) for number in range(1, 1001)]
    kept = thinned(points)
    assert (613, 0.1) in kept and len(kept) <= 302 and kept[0] == points[0] and kept[-1] == points[-1]
