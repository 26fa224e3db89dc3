"""The order of a load test, and where its turns are kept."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sentiment.bench.load.figures import Case
from sentiment.bench.load.plan import NOTHING, Turn, design, row_file, turns_of
from sentiment.bench.load.targets import Target

CASES = [Case("a", "grpc", 2), Case("b", "grpc", 2), Case("a", "siege", 3)]


@given(st.integers(3, 6000), st.integers(1, 12))
def test_every_case_is_asked_all_its_requests_and_siege_as_many_as_divide(requests: int, rounds: int) -> None:
    turns = turns_of(CASES, requests, rounds)
    asked = Counter[Case]()
    for turn in turns:
        assert turn.count > 0
        assert turn.case.client != "siege" or turn.count % 3 == 0
        asked[turn.case] += turn.count
    assert asked == {CASES[0]: requests, CASES[1]: requests, CASES[2]: requests // 3 * 3}


def test_each_round_has_every_case_and_begins_with_another() -> None:
    turns = turns_of(CASES, 300, 3)
    rounds = [[turn.case for turn in turns if turn.round == number] for number in range(3)]
    assert [cases[0] for cases in rounds] == CASES
    assert all(set(cases) == set(CASES) for cases in rounds)


def test_a_turn_has_one_place_and_another_one_for_whatever_makes_it_another(tmp_path: Path) -> None:
    turn = Turn(CASES[0], 0, 10)
    others = [Turn(CASES[1], 0, 10), Turn(CASES[0], 1, 10), Turn(CASES[0], 0, 11)]
    names = {row_file(tmp_path, one, {"rows": 1}) for one in (turn, *others)} | {row_file(tmp_path, turn, {"rows": 2})}
    assert len(names) == 5
    assert row_file(tmp_path, turn, {"rows": 1}) in names


def test_a_running_server_is_asked_over_the_ports_that_were_named(tmp_path: Path) -> None:
    target = Target("running server", addresses=(("grpc", "127.0.0.1:8500"),))
    plan = design([target], ["grpc", "rest", "siege"], [2, 8], 100, 2, {}, tmp_path)
    assert {(turn.case.client, turn.case.concurrency) for turn in plan.turns} == {("grpc", 2), ("grpc", 8)}
    assert {turn.case.client for turn in plan.limits} == {"grpc", "rest"}
    assert {turn.case.target for turn in plan.limits} == {NOTHING}
    assert len(set(plan.files.values())) == len(plan.turns) + len(plan.limits)
    assert len(plan.missing()) == len(plan.files)
