"""Each rule on counts whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.bench.years import policies
from sentiment.bench.years.policies import Evidence, Policy
from sentiment.bench.years.rows import Counts
from sentiment.statistics import paired


def counts(only_candidate: int, only_other: int, rows: int) -> Counts:
    return Counts(*(np.array([float(number)]) for number in (only_candidate, only_other, rows)))


def evidence(beside_stable: tuple[int, int, int], beside_reference: tuple[int, int, int] | None = None) -> Evidence:
    """Both sets have these counts; the fresh rows, too."""
    stable, reference = counts(*beside_stable), counts(*(beside_reference or beside_stable))
    one = np.array([1.0])
    return Evidence(0, stable, stable, stable, reference, reference, promotions=one, nights=50.0 * one)


@given(
    st.integers(1, 3000).flatmap(
        lambda rows: st.tuples(st.integers(0, rows // 2), st.integers(0, rows // 2), st.just(rows))
    )
)
def test_the_score_is_that_of_the_gate(found: tuple[int, int, int]) -> None:
    for difference in (-0.01, -0.005, 0.0, 0.02):
        assert policies.score(counts(*found), difference)[0] == pytest.approx(paired.score(*found, difference))


MUCH_BETTER, EQUAL, A_LITTLE_WORSE, MUCH_WORSE = (900, 100, 9000), (150, 150, 9000), (140, 160, 9000), (100, 900, 9000)


@pytest.mark.parametrize("policy", policies.POLICIES, ids=lambda policy: policy.name)
def test_every_rule_takes_the_best_and_refuses_the_worst(policy: Policy) -> None:
    assert policy(evidence(MUCH_BETTER)).promotes[0]
    assert not policy(evidence(MUCH_WORSE)).promotes[0]


@pytest.mark.parametrize(
    ("name", "equal", "worse"),
    [
        ("candidate ≥ stable", True, False),
        ("McNemar", False, False),
        ("fixed margin", True, True),
        ("Ladder", False, False),
        ("ease.ml/ci", False, False),
        ("e-LOND", True, False),
    ],
)
def test_rules_differ_on_what_is_about_equal(name: str, equal: bool, worse: bool) -> None:
    policy = next(policy for policy in policies.POLICIES if policy.name == name)
    assert policy(evidence(EQUAL)).promotes[0] == equal
    assert policy(evidence(A_LITTLE_WORSE)).promotes[0] == worse


def test_small_losses_end_at_the_reference() -> None:
    """As good as stable, which itself is a point below the pinned reference."""
    assert policies.year(evidence(EQUAL)).promotes[0]
    assert not policies.year(evidence(EQUAL, beside_reference=(100, 190, 9000))).promotes[0]


def test_only_what_is_shown_to_be_better_becomes_the_reference() -> None:
    assert policies.year(evidence(MUCH_BETTER)).pins[0]
    assert not policies.year(evidence(EQUAL)).pins[0]
