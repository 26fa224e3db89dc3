"""The luck of a model that was chosen on the same rows: the formula's parts, against drawn numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sentiment.gate.luck import FAR, SPREAD, Outcome, candidates, chance_that_helped, luck, standard_error


def outcome(only_candidate: int = 24, only_stable: int = 12, promoted: bool = True, **other: float) -> Outcome:
    values: dict[str, float] = {"rows": 1200, "stable_right": 1020, "threshold": 0.0, **other}
    pooled = (int(values["rows"]), only_candidate, only_stable)
    return Outcome(
        pooled[0], only_candidate, only_stable, int(values["stable_right"]), *pooled, values["threshold"], promoted
    )


@pytest.mark.parametrize("spread", [0.0, 0.004])
@pytest.mark.parametrize("distance", [-0.02, -0.002, 0.0, 0.005, 0.012])
def test_chance_that_helped_is_the_mean_of_what_is_drawn(spread: float, distance: float) -> None:
    random = np.random.default_rng(1)
    error = 0.005
    chance, true = random.normal(0, error, 2_000_000), random.normal(0, 1, 2_000_000) * spread
    drawn = chance[chance + true > distance].mean()
    assert chance_that_helped(error, spread, distance) == pytest.approx(drawn, abs=6e-5)


def test_far_in_the_tail_it_is_finite_and_goes_on_without_a_step() -> None:
    near, far = (chance_that_helped(1.0, 0.0, FAR + step) for step in (-1e-9, 1e-9))
    assert near == pytest.approx(far, rel=1e-4)
    assert chance_that_helped(1.0, 0.0, 60.0) == pytest.approx(60.0, rel=1e-3)
    assert chance_that_helped(1.0, 0.0, -math.inf) == chance_that_helped(1.0, 0.0, -60.0) == 0


def test_the_error_is_that_of_paired_rows() -> None:
    random = np.random.default_rng(2)
    drawn = random.multinomial(1200, [0.02, 0.01, 0.97], 200_000)
    found = ((drawn[:, 0] - drawn[:, 1]) / 1200).std()
    assert standard_error(24, 12, 1200) == pytest.approx(found, rel=0.01)
    assert standard_error(0, 0, 1200) == 1 / 1200, "nothing differs, but a row could have"


def test_without_a_promotion_there_is_no_luck() -> None:
    assert luck([]) == luck([outcome(promoted=False)] * 50) == 0


def test_each_promotion_adds_luck_and_loses_some_of_the_earlier() -> None:
    one = luck([outcome(18, 18)])
    assert 0.001 < one < 0.005
    assert one < luck([outcome(18, 18)] * 2) < 2 * one
    turned = 18 / 1020 + 18 / 180
    assert luck([outcome(18, 18, threshold=-math.inf)], before=0.01) == pytest.approx(0.01 * (1 - turned))


def test_a_candidate_that_is_clearly_better_owes_little_to_luck() -> None:
    nights = [outcome(90, 18, promoted=False)] * 100
    assert luck([*nights, outcome(90, 18, threshold=-0.005)]) < 0.0003
    assert luck([*nights, outcome(90, 18, threshold=0.05)]) > 0.0005


def test_with_few_decisions_the_first_guess_stands() -> None:
    mean, spread = candidates([0.01], [0.005**2])
    assert (mean, spread) == (0.01 / 11, SPREAD)
    mean, spread = candidates([0.001] * 2, [0.005**2] * 2)
    assert 0 < mean < 0.001
    assert 0 < spread < SPREAD


def test_mean_and_spread_of_candidates_are_found_from_many_decisions_in_spite_of_poisoned_nights() -> None:
    random = np.random.default_rng(3)
    true = random.normal(-0.002, 0.006, 1000)
    true[::10] -= 0.03
    seen = true + random.normal(0, 0.005, 1000)
    mean, spread = candidates(seen.tolist(), [0.005**2] * 1000)
    assert mean == pytest.approx(-0.002, abs=0.002)
    assert 0.006 < spread < 0.0085 < true.std()


def test_what_decided_together_shares_its_luck_by_rows() -> None:
    alone = outcome(18, 18)
    both = alone._replace(pooled_rows=2400, pooled_only_candidate=36, pooled_only_stable=36)
    assert both.share == 0.5
    assert luck([both]) < luck([alone]), "more rows, less chance"


def test_a_set_without_a_wrong_row_can_be_counted() -> None:
    assert outcome(0, 0, stable_right=1200).turned == 0
    assert outcome(0, 36, stable_right=1200).turned == 0.03
    assert luck([outcome(0, 0, stable_right=1200)]) > 0
