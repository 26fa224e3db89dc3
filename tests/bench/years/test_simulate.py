"""Simulated years: repeatable, and judged by the truth."""

from __future__ import annotations

import numpy as np
import pytest

from sentiment.bench.years.policies import POLICIES, Evidence, Mask, Policy
from sentiment.bench.years.simulate import Sizes, simulate
from sentiment.bench.years.summary import summary, worst
from sentiment.bench.years.world import WORLDS, World

SIZES = Sizes(1_200, 1_000)
ALWAYS = Policy("always", lambda evidence: np.ones_like(evidence.nights, bool))
NEVER = Policy("never", lambda evidence: np.zeros_like(evidence.nights, bool))


def world(name: str) -> World:
    return next(world for world in WORLDS if world.name == name)


def test_the_same_seed_gives_the_same_years_and_another_gives_others() -> None:
    found = [simulate(POLICIES[0], world("steady"), SIZES, 20, seed, nights=20).lost for seed in (1, 1, 2)]
    assert (found[0] == found[1]).all()
    assert not (found[0] == found[2]).all()


def test_who_promotes_everything_pays_for_it_and_who_promotes_nothing_is_late() -> None:
    taken = simulate(ALWAYS, world("sinking"), SIZES, 20, nights=10)
    assert (taken.promotions == 10).all()
    assert (taken.bad == 10).all()
    assert taken.lost == pytest.approx(np.full(20, 10 * 0.0051))
    left = simulate(NEVER, world("gain"), SIZES, 20, nights=10)
    assert (left.promotions == 0).all()
    assert (left.refused_good == 10).all()
    assert np.isinf(left.live).all()


def test_a_poisoned_night_costs_what_it_is_said_to() -> None:
    spoiled = World("spoiled", "", spread=0.0, poisoned=1.0, harm=0.03)
    found = simulate(ALWAYS, spoiled, SIZES, 5, nights=1)
    assert found.lost == pytest.approx(np.full(5, 0.03))


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_what_a_rule_sees_is_possible(world: World) -> None:
    seen: list[Evidence] = []

    def watching(evidence: Evidence) -> Mask:
        seen.append(evidence)
        return np.asarray(evidence.every_row.only_candidate > 30)

    simulate(Policy("watching", watching), world, SIZES, 10, nights=60)
    for counts in (found for one in seen for found in (one.frozen, one.rolling, one.fresh, one.every_row_to_reference)):
        assert (counts.only_candidate >= 0).all()
        assert (counts.only_other >= 0).all()
        assert (counts.only_candidate + counts.only_other <= counts.rows).all()
    assert (seen[0].frozen.rows == 1_200).all()
    assert (seen[-1].fresh.rows <= seen[-1].rolling.rows).all()


def test_the_margin_for_one_night_is_not_one_for_a_year() -> None:
    """Small losses add up under a fixed margin, and do not under the rule for a year."""
    by_name = {policy.name: policy for policy in POLICIES}
    large = Sizes(5_000, 5_000)
    single, year = (simulate(by_name[name], world("sinking"), large, 40) for name in ("fixed margin", "year"))
    assert (single.bad > 0).all()
    assert np.count_nonzero(year.bad) <= 4
    assert year.lost.mean() < single.lost.mean() / 10


def test_figures_of_years() -> None:
    years = simulate(ALWAYS, world("sinking"), SIZES, 40, nights=5)
    years.bad[:30] = 0
    years.live[:3] = np.inf
    found = summary("always", "sinking", SIZES, years, 5)
    assert (found.promotions, found.any_bad) == (5.0, 0.25)
    assert found.lost == pytest.approx(0.51)
    assert found.any_bad_interval[0] < 0.25 < found.any_bad_interval[1]
    assert found.live == (1, None)
    better = summary("never", "gain", SIZES, simulate(NEVER, world("steady"), SIZES, 40, nights=5), 5)
    assert worst([better, found]) is found
