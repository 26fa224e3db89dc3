"""What the gate's correction says of luck, beside the truth of simulated years under the rule of the year."""

from __future__ import annotations

import pytest

from sentiment.bench.years.optimism import optimism
from sentiment.bench.years.policies import NIGHTS, NORMAL, POLICIES, RISK, Z_95
from sentiment.bench.years.simulate import Sizes
from sentiment.bench.years.world import BAD, WORLDS

YEAR = next(policy for policy in POLICIES if policy.name == "year")
MCNEMAR = next(policy for policy in POLICIES if policy.name == "McNemar")
WORLD = {world.name: world for world in WORLDS}
SMALL = Sizes(1200, 1000)


def of_the_year(error: float) -> float:
    return NORMAL.inv_cdf(1 - RISK / NIGHTS) * error - BAD


@pytest.mark.parametrize("world", ["steady", "building", "drifting", "sinking", "gain"])
def test_the_correction_is_near_the_simulated_optimism(world: str) -> None:
    found = optimism(YEAR, of_the_year, WORLD[world], SMALL, years=40)
    assert found.corrected == pytest.approx(found.simulated, abs=0.0015 + 2 * found.error)
    if found.promotions > 1:
        assert found.simulated > 0.004, "a year of promotions on the same rows flatters"


def test_it_holds_for_another_rule_too() -> None:
    found = optimism(MCNEMAR, lambda error: Z_95 * error, WORLD["drifting"], SMALL, years=40)
    assert found.corrected == pytest.approx(found.simulated, abs=0.0015 + 2 * found.error)
    assert found.simulated > 0.01


def test_more_rows_flatter_less() -> None:
    small, large = (
        optimism(YEAR, of_the_year, WORLD["steady"], sizes, years=20, nights=60)
        for sizes in (Sizes(600, 500), Sizes(10_000, 10_000))
    )
    assert large.corrected < small.corrected / 2


def test_without_a_promotion_nothing_is_corrected() -> None:
    found = optimism(YEAR, of_the_year, WORLD["sinking"], Sizes(300, 300), years=20, nights=30)
    assert found.promotions == found.corrected == 0
    assert abs(found.simulated) < 4 * found.error
