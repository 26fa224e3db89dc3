"""What was decided on the frozen set, and which decisions count: those on the present set, each once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.results import whole

from sentiment import atomic
from sentiment.cli import run
from sentiment.errors import InputError
from sentiment.gate.wear import is_worn, promoted_runs, told, wear_of, worn
from sentiment.results.decision import Gate
from sentiment.results.decisions import Decision
from sentiment.results.events import Adopted, Promoted, Published, RolledBack
from sentiment.results.refreshment import Refreshment, Worn
from sentiment.run_folder import RunFolder
from sentiment.serving.refreshments import file_of
from sentiment.settings import Settings, read_settings

HARM, ROLLING = 0.005, 200


def decision(number: int, **given: Any) -> Decision:
    frozen = {
        "sha256": "now",
        "rows": 1200,
        "candidate_right": 1020,
        "only_candidate": 24,
        "only_stable": 12,
        **given.pop("frozen", {}),
    }
    known = {"run": f"r{number}", "evaluation": f"e{number}", "at": f"2026-01-{number:02}T00:00:00+00:00"}
    given = {"level": 0.0002, "passed": True, "sets": {"frozen": frozen, **given.pop("more", {})}, **given}
    return whole(Decision, **{**known, **given})


def refreshment(**given: Any) -> Refreshment:
    retired, frozen = {"sha256": "before", "rows": 1200}, {"sha256": "now", "rows": 1200}
    known = {"at": "2026-01-05T00:00:00+00:00", "retired": retired, "frozen": frozen, "overlap": 600}
    return whole(Refreshment, **{**known, "worn": {"optimism": 0.012}, **given})


def test_a_home_without_decisions_is_not_worn() -> None:
    found = worn([], [], (), HARM, ROLLING)
    assert found == Worn(decisions=0, promotions=0, since="", until="", optimism=0.0)
    assert told(found, 0.01) == ""


def test_decisions_are_counted_and_promotions_are_those_of_versions_that_became_stable() -> None:
    nights = [decision(1), decision(2), decision(3, passed=False)]
    found = worn(nights, [], {"r1", "r3"}, HARM, ROLLING)
    assert (found.decisions, found.promotions) == (3, 1), "r2 was not approved, r3 did not pass"
    assert (found.since, found.until) == (nights[0].at, nights[2].at)
    assert 0.001 < found.optimism < 0.01
    both = worn(nights, [], {"r1", "r2"}, HARM, ROLLING)
    assert found.optimism < both.optimism < 2 * found.optimism
    assert worn(nights, [], (), HARM, ROLLING).optimism == 0


def test_a_run_that_is_decided_again_counts_once_per_evaluation_and_is_promoted_once() -> None:
    once, again = decision(1), decision(1, passed=True, overridden=False, verdict="better")
    assert worn([once, again], [], {"r1"}, HARM, ROLLING) == worn([again], [], {"r1"}, HARM, ROLLING)
    other = decision(1, evaluation="another")
    found = worn([once, other], [], {"r1"}, HARM, ROLLING)
    assert (found.decisions, found.promotions) == (2, 1)


def test_an_override_is_no_luck_of_the_rule() -> None:
    assert worn([decision(1, overridden=True)], [], {"r1"}, HARM, ROLLING).optimism == 0
    assert worn([decision(1, level=0.0)], [], {"r1"}, HARM, ROLLING).optimism == 0


def test_a_first_model_and_a_decision_without_the_set_are_no_comparison() -> None:
    first = decision(1, frozen={"only_candidate": None, "only_stable": None})
    assert worn([first, whole(Decision, at="2026")], [], {"r1"}, HARM, ROLLING).decisions == 0


def test_rows_of_a_rolling_set_that_decides_too_make_it_less_a_matter_of_luck() -> None:
    rolling = {"rows": 1000, "candidate_right": 850, "only_candidate": 20, "only_stable": 10}
    alone = worn([decision(1)], [], {"r1"}, HARM, ROLLING).optimism
    both = worn([decision(1, more={"rolling": rolling})], [], {"r1"}, HARM, ROLLING).optimism
    few = worn([decision(1, more={"rolling": {**rolling, "rows": 150}})], [], {"r1"}, HARM, ROLLING).optimism
    assert both < alone == few


def test_a_refreshment_begins_a_new_set_that_brings_the_luck_of_its_old_rows_along() -> None:
    nights = [decision(number, frozen={"sha256": "before"}) for number in (1, 2)]
    found = worn(nights, [refreshment()], {"r1", "r2"}, HARM, ROLLING)
    assert (found.decisions, found.promotions) == (0, 0)
    assert found.optimism == pytest.approx(0.006)
    touched = worn(nights, [refreshment(overlap=300, touched=300)], {"r1", "r2"}, HARM, ROLLING)
    assert touched.optimism == pytest.approx(0.006), "they chose stable as rows of the rolling set"
    assert worn(nights, [refreshment(overlap=0)], {"r1"}, HARM, ROLLING).optimism == 0
    later = worn([*nights, decision(6)], [refreshment()], {"r1", "r6"}, HARM, ROLLING)
    assert later.decisions == 1
    assert later.optimism > found.optimism


def test_a_run_of_before_is_decided_on_the_retired_set_also_afterwards() -> None:
    late = decision(9, frozen={"sha256": "before"})
    assert worn([late], [refreshment()], {"r9"}, HARM, ROLLING).decisions == 0


def test_a_row_that_was_forgotten_or_corrected_does_not_make_the_set_a_new_one() -> None:
    changed = [decision(1, frozen={"sha256": "a"}), decision(2, frozen={"sha256": "b", "rows": 1199})]
    assert worn(changed, [], (), HARM, ROLLING).decisions == 2
    assert worn([decision(6, frozen={"sha256": ""})], [refreshment()], (), HARM, ROLLING).decisions == 1


def test_what_was_rolled_back_was_no_promotion_and_what_was_pruned_still_was() -> None:
    published = [Published(version=number, run=f"r{number}") for number in (1, 2, 3)]
    promoted = [Promoted(version=number) for number in (1, 2, 3)]
    assert promoted_runs([*published, *promoted]) == {"r1", "r2", "r3"}
    assert promoted_runs([*published, *promoted, RolledBack(version=2)]) == {"r1", "r2"}
    assert promoted_runs([*published, *promoted, Adopted(version=1, stable=1)]) == {"r1"}
    assert promoted_runs([Published(version=1), Promoted(version=1)]) == set(), "by hand, without a run"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            (1, 0, 0.0),
            "The frozen test set has served 1 decision, none of which made a version stable that was not "
            "rolled back; that hardly",
        ),
        ((41, 3, 0.006), "41 decisions, 3 of which made a version stable: the stable version's accuracy on it is prob"),
        ((41, 3, 0.006), "about 0.6 percentage points too high."),
        ((0, 0, 0.006), "no decision since it was replaced, but some of its rows have: the stable version's accuracy"),
        ((41, 3, 0.0104), "1.0 percentage points too high. The limit is 1.0: replace the set with `sentiment refresh-"),
    ],
)
def test_wear_is_told_in_a_sentence_and_advice_comes_at_the_limit(found: tuple[int, int, float], said: str) -> None:
    value = Worn(decisions=found[0], promotions=found[1], since="", until="", optimism=found[2])
    assert said in told(value, 0.01)
    assert is_worn(value, 0.01) == ("refresh-tests" in told(value, 0.01)) == (found[2] > 0.01)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    return read_settings()


def test_the_gate_says_how_worn_the_set_was_before_its_decision(
    settings: Settings, evaluation: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in "ab":
        made = evaluation([329, 329, 330], [330, 330, 330], 5)
        atomic.write_json(RunFolder.named(settings, name).result("evaluate"), made)
        assert run(["gate", "--run", name]) == 0
    told_of = [RunFolder.named(settings, name).read(Gate).wear for name in "ab"]
    assert told_of[0] == ""
    assert told_of[1].startswith("The frozen test set has served 1 decision, none of which")
    assert wear_of(settings).decisions == 2


def test_a_damaged_line_of_the_refreshments_is_named(settings: Settings) -> None:
    file_of(settings).parent.mkdir(parents=True)
    for line in ("[]", json.dumps({"number": 1})):
        file_of(settings).write_text(f"{line}\n", encoding="utf-8")
        with pytest.raises(InputError, match=r"line 1 of .*refreshments\.jsonl.* must be"):
            wear_of(settings)


def test_a_decision_that_an_older_version_left_still_opens(settings: Settings, evaluation: Callable[..., Any]) -> None:
    made = evaluation([329, 329, 330], [330, 330, 330], 5)
    folder = RunFolder.named(settings, "a")
    atomic.write_json(folder.result("evaluate"), made)
    assert run(["gate", "--run", "a"]) == 0
    older = atomic.read_json(folder.result("gate"))
    assert older is not None
    del older["wear"]
    atomic.write_json(folder.result("gate"), older)
    assert folder.read(Gate).wear == ""
