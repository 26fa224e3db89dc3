from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.training.hyperparameters import choose
from sentiment.training.training_step import learning_rate

TOTALS = st.integers(1, 300)
SHARES = st.floats(0, 1)


def rates(total: int, share: float, decay: str) -> list[float]:
    settings = choose("custom", "scratch/tiny", learning_rate=1e-3, warm_up_share=share, decay=decay)
    return [learning_rate(step, total, settings) for step in range(total + 1)]


@given(TOTALS, SHARES, st.sampled_from(["linear", "cosine", "none"]))
def test_it_rises_to_the_peak_and_never_exceeds_it(total: int, share: float, decay: str) -> None:
    steps = rates(total, share, decay)
    warm_up = max(1, round(total * share))
    assert max(steps) == pytest.approx(1e-3)
    assert steps[warm_up - 1] == pytest.approx(1e-3)
    assert all(low < high for low, high in pairwise(steps[:warm_up]))
    assert all(high >= low for high, low in pairwise(steps[warm_up - 1 :]))
    assert all(rate > 0 for rate in steps[:-1])


@given(TOTALS, SHARES)
def test_it_ends_at_nothing_unless_it_stays(total: int, share: float) -> None:
    assert rates(total, share, "linear")[-1] == pytest.approx(0)
    assert rates(total, share, "cosine")[-1] == pytest.approx(0)
    assert rates(total, share, "none")[-1] == pytest.approx(1e-3)


def test_a_cosine_is_above_the_line_first_and_below_it_later() -> None:
    line, wave = rates(100, 0.1, "linear"), rates(100, 0.1, "cosine")
    assert wave[20] > line[20]
    assert wave[90] < line[90]
    assert wave[54] == pytest.approx(line[54], rel=0.03)


def test_one_step_alone_runs_at_the_peak() -> None:
    assert learning_rate(0, 1, choose("custom", "scratch/tiny", learning_rate=0.5)) == 0.5
