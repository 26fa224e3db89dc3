"""The simulated mails about a fall: this project's rule is rarely wrong where simpler ones often are."""

from __future__ import annotations

import pytest

from sentiment.bench.years.alarms import FALL_AT, RULES, WORLDS, World, simulate

BY_NAME = {world.name: world for world in WORLDS}


def in_vain(rule: str, world: str, years: int = 20) -> float:
    found = simulate(RULES[rule], BY_NAME[world], years, 250, 0.05, seed=1)
    return sum(year.in_vain for year in found) / years


@pytest.mark.parametrize("world", ["steady", "long", "few", "uneven", "lucky", "slight"])
def test_where_nothing_is_wrong_a_mail_is_rarer_than_one_in_two_years(world: str) -> None:
    assert in_vain("at best", world) < 0.5


def test_simpler_rules_cry_wolf() -> None:
    assert in_vain("last night", "steady") > 5 > in_vain("newest 500 rows", "uneven") > 1


def test_a_real_fall_is_told_within_weeks_and_its_mail_is_not_in_vain() -> None:
    found = simulate(RULES["at best"], BY_NAME["fall of 15"], 20, 250, 0.05, seed=1)
    waits = [year.nights_to_mail for year in found]
    assert all(wait is not None and 1 <= wait <= 20 for wait in waits)
    assert sum(year.in_vain for year in found) <= 1


def test_a_lasting_cause_is_one_mail_in_four_weeks() -> None:
    world = World("below", "", fall=0.05, stays=10_000)  # exactly what is allowed: every mail about it is in vain
    [year] = simulate(lambda *_: True, world, 1, 57, 0.05, seed=0)
    assert year.in_vain == 3
    [year] = simulate(lambda *_: True, BY_NAME["steady"], 1, 60, 0.05, seed=0)
    assert year.in_vain == 4, "the second version's cause is another"


def test_the_same_seed_gives_the_same_years() -> None:
    one, again, other = (simulate(RULES["last night"], BY_NAME["few"], 5, 120, 0.05, seed) for seed in (3, 3, 4))
    assert one == again != other
    assert FALL_AT < 120
