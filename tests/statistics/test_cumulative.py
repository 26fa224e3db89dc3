"""The self-starting CUSUM: how seldom it is wrong, and how soon it is right."""

from __future__ import annotations

import numpy as np
import pytest

from sentiment.statistics.cumulative import FEWEST, Array, alarms

ROWS = 420


def drawn(shares: Array, rows: int = ROWS, seed: int = 0) -> tuple[Array, Array]:
    hits = np.random.default_rng(seed).binomial(rows, shares)
    return hits.astype(float), np.full(shares.shape, float(rows))


@pytest.mark.parametrize(("spread", "most"), [(0.0, 0.06), (0.15, 0.12)], ids=["chance alone", "nights that differ"])
def test_a_share_raises_a_false_alarm_once_in_ten_years_or_less(spread: float, most: float) -> None:
    years, nights = 1_500, 250
    shares = 0.35 + np.random.default_rng(1).normal(0, spread, (years, nights))
    assert 0.01 < len(alarms(*drawn(shares.clip(0.02, 0.98)))) / years < most


@pytest.mark.parametrize(
    ("step", "ramp", "latest"),
    [(0.033, 0.0, 30), (0.05, 0.0, 12), (0.1, 0.0, 5), (0.0, 0.005, 16), (0.0, 0.02, 7)],
)
def test_a_small_change_that_stays_or_grows_is_found_within_nights(step: float, ramp: float, latest: int) -> None:
    """A backdoor in 21 of 420 posts moves a share by 3.3 points."""
    shares = np.full((200, 90), 0.35)
    shares[:, 30:] += step + ramp * np.arange(1, 61).clip(max=25)
    found = alarms(*drawn(shares))
    late = {alarm.series: alarm.night - 29 for alarm in reversed(found) if alarm.night >= 30}
    assert np.mean([late.get(series, np.inf) <= latest for series in range(200)]) >= 0.9
    first = [alarm for alarm in found if alarm.night >= 30]
    assert abs(np.median([alarm.first for alarm in first]) - 30) < 8 or ramp
    assert np.median([alarm.since - alarm.before for alarm in first]) > step / 2


def test_a_fall_counts_too_and_after_an_alarm_the_new_level_is_the_norm() -> None:
    shares = np.full((1, 200), 0.4)
    shares[:, 20:] = 0.2  # noticed on night 21; night 19 was low by chance, and is taken for the first
    (alarm,) = alarms(*drawn(shares))
    assert (alarm.series, alarm.first) == (0, 19) and alarm.night < 24
    assert alarm.before == pytest.approx(0.4, abs=0.02) and alarm.since == pytest.approx(0.27, abs=0.02)


def test_nights_of_all_sizes_and_shares_of_nothing_and_all_are_judged() -> None:
    draw = np.random.default_rng(3)
    rows = draw.integers(50, 2_000, (300, 100)).astype(float)
    hits = draw.binomial(rows.astype(int), 0.1).astype(float)
    assert len(alarms(hits, rows)) / 300 < 0.1
    assert alarms(np.zeros((1, 50)), np.full((1, 50), 60.0)) == []
    assert alarms(np.full((1, 50), 60.0), np.full((1, 50), 60.0)) == []


def test_one_odd_night_is_not_many_and_two_are_told_once_there_is_a_norm() -> None:
    def found(before: int, odd: int) -> list[int]:
        hits = np.array([[150.0] * before + [400.0] * odd + [150.0] * 9])
        return [alarm.night for alarm in alarms(hits, np.full(hits.shape, 420.0))]

    assert found(12, 1) == []
    assert found(12, 2) == [13]
    assert found(FEWEST - 2, 2) == []
    assert alarms(np.zeros((2, 0)), np.zeros((2, 0))) == []
