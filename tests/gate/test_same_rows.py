"""Which accuracies of stable and canary stand side by side, and what is said of them."""

from __future__ import annotations

from sentiment.gate.same_rows import Measured, day, newest, shown, told
from sentiment.results.decisions import Decision, Judged
from sentiment.results.refreshment import Refreshment, Rescored, TestSetFile, Worn
from sentiment.serving.state import State, Version

MADE = "2026-11-20T18:00:00+00:00"
STABLE = Version(1, run="night-1", published_at=MADE, metrics={"frozen": 0.82, "rolling": 0.84})
CANARY = Version(2, run="night-2", published_at="2026-11-26T18:00:00+00:00", metrics={"frozen": 0.83, "rolling": 0.815})
BOTH = State({1: STABLE, 2: CANARY}, stables=(1,), canary=2)
ALONE = BOTH._replace(canary=None)


def decision(run: str, day: int, right: int, only_candidate: int, only_stable: int, stable: int = 1) -> Decision:
    """A decision about `run` beside `stable` on 450 rows of the rolling set."""
    counted = Judged(
        sha256="of that night",
        rows=450,
        candidate_right=right,
        only_candidate=only_candidate,
        only_stable=only_stable,
    )
    return Decision(
        at=f"2026-11-{day}T18:30:00+00:00",
        run=run,
        evaluation=f"{run} {day}",
        level=0.001,
        passed=True,
        overridden=False,
        verdict="better",
        stable_version=stable,
        reference_version=None,
        sets={"rolling": counted},
    )


def test_both_are_of_the_rows_that_the_canary_was_decided_on() -> None:
    made = [decision("night-2", 26, 367, 30, 20), decision("a later run", 27, 300, 0, 100)]
    found = shown(BOTH, made)
    assert told(found[1]["rolling"]) == "0.793 on the same 450 rows, 27 Nov 2026"
    assert told(found[2]["rolling"]) == "0.816 (+2.2 points) on the same 450 rows, 27 Nov 2026"
    assert found[1].keys() == found[2].keys() == {"rolling"}


def test_a_lone_stable_shows_its_newest_measurement() -> None:
    made = [decision("night-2", 26, 367, 30, 20), decision("refused", 27, 300, 0, 100)]
    found = shown(ALONE, made)[1]
    assert told(found["rolling"]) == "0.889 on 450 rows, 28 Nov 2026"
    assert told(found["frozen"]) == "0.820 when published, 21 Nov 2026"


def test_a_canary_that_was_decided_beside_another_stable_is_not_said_to_be_of_the_same_rows() -> None:
    found = shown(BOTH, [decision("night-2", 26, 367, 30, 20, stable=9)])
    assert told(found[1]["rolling"]) == "0.840 when published, 21 Nov 2026"
    assert told(found[2]["rolling"]) == "0.816 on 450 rows, 27 Nov 2026"


def test_a_refreshment_measures_stable_too() -> None:
    file = TestSetFile(file="test.tsv", rows=300, sha256="new")
    refreshed = Refreshment(
        number=1,
        at="2026-11-27T18:00:00+00:00",
        who="ann",
        retired=file,
        frozen=file,
        overlap=0,
        touched=0,
        newest_version=1,
        scores=[Rescored(role="stable", version=1, retired=0.82, frozen=0.79, fresh=0.79)],
        worn=Worn(decisions=1, promotions=0, since="", until="", optimism=0.0),
    )
    assert told(newest(STABLE, [], [refreshed])["frozen"]) == "0.790 on 300 rows, 28 Nov 2026"
    later = decision("night-2", 28, 367, 30, 20)
    later = Decision(**{name: getattr(later, name) for name in later.__struct_fields__ if name != "sets"}, sets={
        "frozen": later.sets["rolling"]})  # fmt: skip
    assert newest(STABLE, [later], [refreshed])["frozen"].at == later.at


def test_what_is_not_known_is_not_said() -> None:
    assert told(Measured(0.8)) == "0.800 when published"
    assert day("soon") == "" and shown(State(), []) == {}
    assert newest(STABLE._replace(metrics={"frozen": 7.0}), []) == {}
