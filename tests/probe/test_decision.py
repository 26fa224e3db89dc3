"""What follows from probes: every rule alone, and what may never happen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from msgspec import UNSET, structs
from support.results import whole

from sentiment.probe.decision import (
    bad_in_a_row,
    good_minutes,
    is_baked,
    must_go,
    of_term,
    outcome,
    reasons,
    unreachable,
)
from sentiment.results.probe import Probe, Server, Term
from sentiment.settings import Settings

SETTINGS = Settings()
Make = Callable[..., Probe]
TERM = Term(canary=2, stable=1, since="x")
GONE = Server(unreachable="cannot be reached: refused")


def server(asked: int = 300, lost: int = 0, won: int = 0, stable: Any = None, **canary: Any) -> Server:
    side = {"answers": asked, "errors": 0, "error": "no", "p95_ms": 10.0}
    pairs = {"rows": asked, "only_stable_right": lost, "only_canary_right": won}
    return whole(Server, asked=asked, stable={**side, **(stable or {})}, canary={**side, **canary}, pairs=pairs)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (server(), ""),
        (server(lost=15), ""),  # 5.0 points, which are allowed
        (server(lost=16), "5.3 percentage points fewer right answers than stable on the same 300 posts"),
        (server(lost=40, won=25), ""),  # 5.0 again
        (server(lost=41, won=25), ""),  # 5.3 points; as likely as not by chance, with so many differences
        (server(lost=60, won=25), "11.7 percentage points"),
        (server(asked=20, lost=5), ""),  # 25 points, by chance once in sixteen
        (server(asked=20, lost=6), "30.0 percentage points"),
        (server(errors=3), ""),
        (server(errors=4), "4 of 300 questions failed, the limit is 1.0% (no)"),
        (server(asked=10, errors=1), ""),  # a tenth, and one alone
        (server(asked=10, errors=2), "2 of 10 questions failed"),
        (server(p95_ms=30.0), ""),  # three times as long
        (server(p95_ms=34.0), ""),  # longer than that, but nobody notices 24 ms
        (
            server(p95_ms=36.0),
            "95 % of the answers took up to 36 ms, stable's up to 10 ms, the limit is 3 times as long",
        ),
        (server(stable={"p95_ms": 400.0}, p95_ms=1100.0), ""),
        (server(stable={"p95_ms": 400.0}, p95_ms=1300.0), "up to 1300 ms"),
        (server(asked=19, p95_ms=999.0), ""),  # of 19 answers it is only the slowest one
        (server(asked=300, answers=0, errors=300, p95_ms=None), "300 of 300 questions failed"),
    ],
)
def test_a_probe_is_bad_for_a_reason(found: Server, why: str) -> None:
    [told] = reasons(found, SETTINGS) or [""]
    assert why in told and bool(why) == bool(told)


def test_without_a_stable_version_only_errors_count() -> None:
    found = structs.replace(server(errors=4, p95_ms=900.0), stable=UNSET, pairs=None)
    assert unreachable(found, SETTINGS) == ""
    assert len(reasons(found, SETTINGS)) == 1


@pytest.mark.parametrize(("errors", "judged"), [(0, True), (3, True), (4, False), (300, False)])
def test_stable_must_answer_for_the_canary_to_be_judged(errors: int, judged: bool) -> None:
    servers = {"a": server(errors=300, stable={"errors": errors})}
    assert outcome(servers, SETTINGS)[0] == ("bad" if judged else "unreachable")


def test_of_several_servers_those_that_can_be_asked_decide() -> None:
    assert outcome({"a": GONE, "b": server()}, SETTINGS) == ("good", [])
    kind, why = outcome({"a": GONE, "b": server(), "c": server(errors=9)}, SETTINGS)
    assert kind == "bad" and why == ["9 of 300 questions failed, the limit is 1.0% (no) (at c)"]
    assert outcome({"a": GONE, "b": GONE}, SETTINGS)[0] == "unreachable"
    assert outcome({"a": GONE}, SETTINGS)[1] == ["a: cannot be reached: refused"]


def test_bad_probes_count_in_a_row(made: Make) -> None:
    kinds = ["bad", "good", "bad", "bad"]
    probes = [made(kind, minute) for minute, kind in enumerate(kinds)]
    assert bad_in_a_row(probes) == probes[2:]
    assert not must_go(probes, SETTINGS)
    assert must_go([*probes, made("bad", 9)], SETTINGS)
    assert bad_in_a_row([]) == [] and not must_go([], SETTINGS)


def test_probes_of_another_term_say_nothing(made: Make) -> None:
    others = [made("bad", canary=3), made("bad", stable=9), made("bad", since="y"), made("unreachable")]
    assert of_term(others, TERM) == []
    assert of_term([*others, made("bad"), *others], TERM) == [made("bad")]


@pytest.mark.parametrize(
    ("kinds", "minutes", "expected"),
    [
        ("", [], 0),
        ("g", [0], 0),
        ("ggg", [0, 5, 10], 10),
        ("gbgg", [0, 5, 10, 15], 5),
        ("ggb", [0, 5, 10], 0),
        ("gg", [0, 180], 15),  # nobody looked for three hours
        ("gg", [10, 0], 0),  # somebody set the clock back
    ],
)
def test_good_minutes(made: Make, kinds: str, minutes: list[float], expected: float) -> None:
    names = {"g": "good", "b": "bad"}
    probes = [made(names[kind], minute) for kind, minute in zip(kinds, minutes, strict=True)]
    assert good_minutes(probes) == expected


def test_a_canary_is_baked_after_half_an_hour_of_good_answers(made: Make) -> None:
    probes = [made("good", minute) for minute in range(0, 31, 5)]
    assert is_baked(probes, SETTINGS) and not is_baked(probes[:-1], SETTINGS)
    assert not is_baked([*probes, made("bad", 35)], SETTINGS)
    at_once = Settings(canary_bake_minutes=0)
    assert is_baked(probes[:1], at_once) and not is_baked([], at_once)


counts = some.integers(0, 50)


@given(counts, counts, counts, counts, some.floats(0.1, 5000), some.floats(0.1, 5000))
def test_a_canary_that_does_as_stable_does_is_never_bad(
    lost: int, won: int, ours: int, theirs: int, fast: float, slow: float
) -> None:
    """No more errors, no fewer right answers, no slower: whatever else the figures are."""
    lost, won = sorted((lost, won))
    ours, theirs = sorted((ours, theirs))
    fast, slow = sorted((fast, slow))
    stable = {"errors": theirs, "p95_ms": slow}
    found = server(100, lost, won, stable, errors=ours, p95_ms=fast)
    assert outcome({"a": found}, SETTINGS)[0] != "bad"


@given(some.lists(some.sampled_from(["good", "bad"]), max_size=12), some.integers(1, 5))
def test_it_goes_exactly_when_the_last_ones_were_all_bad(kinds: list[str], limit: int) -> None:
    probes = [whole(Probe, outcome=kind) for kind in kinds]
    gone = len(kinds) >= limit and set(kinds[-limit:]) == {"bad"}
    assert must_go(probes, Settings(canary_bad_probes=limit)) == gone
