"""The rule of the year: its budget, its size by exact arithmetic, what moves the reference, and its sentences."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from support.evaluations import make_set, square

from sentiment.bench.years import policies, world
from sentiment.errors import InputError
from sentiment.gate import rules
from sentiment.gate.counts import Counts
from sentiment.gate.evidence import AGAIN, NAME
from sentiment.gate.thresholds import Thresholds
from sentiment.gate.year import OF_THE_MARGIN, Night, YearRule, lower_bound, rows_needed
from sentiment.gate.year_checks import told_year
from sentiment.results.decision import Gate
from sentiment.results.evaluation import Evaluation
from sentiment.results.record import decoded
from sentiment.statistics.paired import score

Make = Callable[..., Any]
RULE = YearRule.of(0.01, 0.05, 250)
NIGHT = Night(RULE, RULE.level(0.0))
THRESHOLDS = Thresholds(floor=0.5, margin=0.01, recall_drop=0.05, minimum_rolling=200)


def decide(found: dict[str, Any], night: Night = NIGHT) -> Gate:
    return rules.decide(decoded(found, Evaluation, NAME, AGAIN), THRESHOLDS, night=night)


def beside_reference(found: dict[str, Any], only_candidate: int, only_reference: int) -> dict[str, Any]:
    """Adds a reference, version 1, to the frozen set."""
    frozen, rows = found["sets"]["frozen"], found["sets"]["frozen"]["rows"]
    correct = frozen["candidate"]["correct"] - only_candidate + only_reference
    hits = [correct // 3, correct // 3, correct - 2 * (correct // 3)]
    reference = make_set(square(hits, frozen["candidate"]["support"]), None, 0)["candidate"]
    both = frozen["candidate"]["correct"] - only_candidate
    wrong = rows - both - only_candidate - only_reference
    pairs = {"both_right": both, "only_candidate": only_candidate, "only_stable": only_reference, "both_wrong": wrong}
    frozen |= {"reference": reference, "to_reference": pairs}
    return found | {"reference": "serving/trained/1", "reference_version": 1}


@given(st.lists(st.booleans(), max_size=600), st.floats(1e-4, 0.5), st.integers(1, 400))
def test_the_levels_of_a_year_never_exceed_its_risk(decisions: list[bool], risk: float, nights: int) -> None:
    rule, spent = YearRule(0.005, risk, nights), 0.0
    for _ in decisions:
        level = rule.level(spent)
        assert 0 < level <= risk / nights
        spent += level
    assert spent <= risk


def test_the_first_nights_share_the_risk_evenly() -> None:
    spent = sum(RULE.level(night * RULE.risk / RULE.nights) for night in range(240))
    assert spent == pytest.approx(0.05 * 240 / 250)
    assert RULE.level(0.05) == RULE.level(0.06) == 0.0
    assert math.isinf(Night(RULE, 0.0).z) and lower_bound(Counts(1000, 100, 0), math.inf) == -1.0


@pytest.mark.parametrize("margin", [0.01, 0.04, 0.12])
@pytest.mark.parametrize("rows", [50, 500, 2200])
def test_the_true_size_of_the_test_is_at_most_its_level(margin: float, rows: int) -> None:
    """Over all numbers of changed answers and of wins among them: how often does a harmful candidate pass?"""
    harm = margin * OF_THE_MARGIN
    for discordance in (harm, 1.3 * harm, 3 * harm, 0.3):
        share = max(0.0, (1 - harm / discordance) / 2)
        passed = sum(
            binom.pmf(total, rows, discordance) * binom.sf(_fewest_wins(total, rows, harm) - 1, total, share)
            for total in range(min(rows, int(rows * discordance + 9 * math.sqrt(rows * discordance) + 12)) + 1)
        )
        assert passed <= NIGHT.level * 1.02


def _fewest_wins(total: int, rows: int, harm: float) -> int:
    low, high = 0, total + 1
    while low < high:
        wins = (low + high) // 2
        low, high = (low, wins) if score(wins, total - wins, rows, -harm) > NIGHT.z else (wins + 1, high)
    return low


@given(st.integers(0, 60), st.integers(0, 60), st.integers(150, 5000))
def test_the_bound_is_where_the_score_crosses(won: int, lost: int, rows: int) -> None:
    bound = lower_bound(Counts(rows, won, lost), NIGHT.z)
    assert score(won, lost, rows, bound - 2e-5) > NIGHT.z >= score(won, lost, rows, bound + 2e-5)


def test_the_simulated_rule_has_this_ones_numbers() -> None:
    assert (RULE.nights, RULE.risk, RULE.harm) == (policies.NIGHTS, policies.RISK, world.BAD)
    assert NIGHT.z == pytest.approx(policies.NORMAL.inv_cdf(1 - policies.RISK / policies.NIGHTS))


def test_what_one_night_lets_pass_a_year_does_not(evaluation: Make) -> None:
    found = evaluation([3400, 3400, 3400], [3410, 3410, 3410], 100, (4000, 4000, 4000))
    alone = rules.decide(decoded(found, Evaluation, NAME, AGAIN), THRESHOLDS)
    assert alone.passed and alone.year is None
    gate = decide(found)
    assert not gate.passed
    assert gate.sentence == (
        "Not shown to be as good as version 2: accuracy on all 12,000 rows, beside version 2, may have fallen: at the "
        "level of a year of nights, 0.7 points cannot be ruled out, the limit is 0.5."
    ), gate.sentence
    assert [check.name for check in gate.checks if not check.passed] == ["year_stable"]


def test_few_rows_say_how_many_are_missing(evaluation: Make) -> None:
    gate = decide(evaluation([330, 330, 330], [330, 330, 330], 9))
    assert not gate.passed and gate.year is not None and gate.year.rows_needed is not None
    missing = gate.year.rows_needed - 1200
    assert gate.reasons[-1].endswith(
        f"(an equally good candidate passes every second time from {gate.year.rows_needed:,} rows on: {missing:,} are "
        "missing)."
    )
    changed = round(9 / 1200 * gate.year.rows_needed)
    enough = Counts(gate.year.rows_needed, changed, changed)
    assert lower_bound(enough, NIGHT.z) > -RULE.harm - 1e-4


def test_a_better_candidate_needs_fewer_rows() -> None:
    counts = Counts(1200, 18, 18)
    equal, better = rows_needed(counts, NIGHT), rows_needed(counts, NIGHT, gain=0.01)
    assert equal is not None and better is not None and better < 2000 < equal
    assert rows_needed(counts, Night(RULE, 0.0)) is None


def test_a_loss_beside_the_reference_is_refused_though_stable_is_no_better(evaluation: Make) -> None:
    found = beside_reference(evaluation([3400, 3400, 3400], [3380, 3380, 3380], 100, (4000, 4000, 4000)), 150, 290)
    gate = decide(found)
    assert [check.name for check in gate.checks if not check.passed] == ["year_reference"]
    assert gate.sentence.startswith(
        "Worse than version 2: accuracy on all 12,000 rows, beside version 1 (the best so far),"
    )
    assert not gate.pins


def test_only_what_is_shown_to_be_better_becomes_the_reference(evaluation: Make) -> None:
    better = evaluation([3450, 3450, 3450], [3380, 3380, 3380], 300, (4000, 4000, 4000))
    assert decide(better).passed and decide(better).pins
    assert decide(beside_reference(better, 150, 140)).pins is False
    assert decide(evaluation([3400, 3400, 3400], None, 0, (4000, 4000, 4000))).pins


def test_the_approver_is_told_what_the_year_holds(evaluation: Make) -> None:
    found = beside_reference(evaluation([3450, 3450, 3450], [3380, 3380, 3380], 300, (4000, 4000, 4000)), 150, 140)
    year = Night(RULE, RULE.level(0.0), spent=37 * RULE.level(0.0), decisions=37, promotions=4)
    told = told_year(decide(found, year))
    assert told == [
        "In the last 365 days, the gate decided about 38 candidates, and 4 versions became stable. That has used 15 % "
        "of the year's error budget, which is a chance of 5 % to promote a version that is truly more than 0.5 points "
        "worse than the best so far.",
        "By tonight's rows, the chance that the candidate is really worse than version 1 (the best so far) by more "
        "than 0.5 points is below 0.01 %; that it is worse at all, 28 %.",
    ]
    assert told_year(decide(evaluation([3400, 3400, 3400], None, 0, (4000, 4000, 4000)))) == []


def test_a_reference_without_its_pairs_is_no_evidence(evaluation: Make) -> None:
    found = beside_reference(evaluation([340, 340, 340], [338, 338, 338], 10), 15, 14)
    found["sets"]["frozen"]["to_reference"] = None
    with pytest.raises(InputError, match=r"sets\.frozen\.to_reference must be there, as reference is"):
        decide(found)
    found = beside_reference(evaluation([340, 340, 340], [338, 338, 338], 10), 15, 14)
    found["sets"]["frozen"]["to_reference"]["both_wrong"] += 1
    with pytest.raises(InputError, match="counts that add up to 1200 rows"):
        decide(found)
