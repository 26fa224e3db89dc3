"""Simulated years: repeatable, and judged by the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sentiment.bench.years.policies import POLICIES, Evidence, Mask, Policy, difference
from sentiment.bench.years.simulate import Sizes, simulate
from sentiment.bench.years.summary import summary, worst
from sentiment.bench.years.world import POISONED, WORLDS, World

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


def test_wrong_labels_teach_from_their_night_on_and_the_last_figure_stays() -> None:
    learnt = [World("", "", taught=(0.1, 0.2), since=3).learnt(night) for night in range(7)]
    assert learnt == [0, 0, 0, 0.1, 0.2, 0.2, 0.2]
    assert {world.name for world in WORLDS if world.learnt(249)} == POISONED == {"slow poisoning", "backdoor"}


@pytest.mark.parametrize(("name", "frozen"), [("slow poisoning", -0.05), ("backdoor", 0.0)])
def test_the_rolling_set_takes_what_the_labels_taught_for_a_gain(name: str, frozen: float) -> None:
    """The candidate of the last night, beside a stable model from before the wrong labels."""
    seen: list[Evidence] = []

    def watching(evidence: Evidence) -> Mask:
        seen.append(evidence)
        return np.zeros_like(evidence.nights, bool)

    simulate(Policy("watching", watching), replace(world(name), spread=0.0), Sizes(20_000, 20_000), 10, nights=75)
    of_frozen, of_rolling = (difference(getattr(seen[-1], side)).mean() for side in ("frozen", "rolling"))
    assert of_frozen == pytest.approx(frozen, abs=0.005)
    assert of_rolling > 0.02


def test_a_rule_that_looks_at_both_sets_stops_slow_poisoning_and_no_rule_sees_a_backdoor() -> None:
    rule = next(policy for policy in POLICIES if policy.name == "year")
    slow, hidden = (simulate(rule, world(name), SIZES, 40, nights=60) for name in ("slow poisoning", "backdoor"))
    assert np.count_nonzero(slow.bad) <= 4
    assert np.count_nonzero(hidden.bad) >= 20
