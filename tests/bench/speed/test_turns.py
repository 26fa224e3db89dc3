"""Whose turn it is, what ratios are made of, and a process that is asked, measured, and may end early."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sentiment.bench.speed.asked import Turn, asked
from sentiment.bench.speed.turns import Done, Spread, Way, compare, in_turn, orders
from sentiment.errors import SentimentError
from sentiment.experiments import child

WORKER = """
import json, sys
print("a library says something")
print("answer {}", flush=True)
for line in sys.stdin:
    if "stop" in line:
        sys.exit("it has had enough")
    big = bytearray(30_000_000)
    total = sum(range(2_000_000))
    print("answer", json.dumps({"job": json.loads(sys.argv[1]), "question": json.loads(line)}), flush=True)
"""


def turn(seconds: float, accuracy: float = 0.5, answers: list[int] | None = None) -> Turn:
    return Turn(seconds, 2 * seconds, int(seconds * 100), {"accuracy": accuracy, "answers": answers})


def rate(turn: Turn) -> float:
    return 12 / turn.seconds


@pytest.fixture
def worker(tmp_path: Path) -> list[str]:
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    return [sys.executable, str(script)]


def test_each_repetition_begins_with_another() -> None:
    ways = [Way(name, []) for name in "abc"]
    assert [[way.name for way in order] for _, order in orders(ways, 4)] == [
        ["a", "b", "c"],
        ["b", "c", "a"],
        ["c", "a", "b"],
        ["a", "b", "c"],
    ]


def test_ratios_are_made_within_a_repetition_and_their_median_counts() -> None:
    ours = Done(Way("ours", []), {0: turn(1), 1: turn(2), 2: turn(4)})
    slow = Done(Way("slow", []), {0: turn(2), 1: turn(6), 2: turn(4)})
    first, second = compare([ours, slow], rate)
    assert (first.ratio, first.rate) == (None, Spread(6, 3, 12))
    assert second.ratio == Spread(2, 1, 3)
    assert (second.processor, second.peak_bytes) == (8, 600)


def test_one_that_stopped_is_compared_where_it_worked_and_one_that_never_did_is_left_out() -> None:
    ours = Done(Way("ours", []), {0: turn(1), 1: turn(2)})
    stopped, never = Done(Way("stopped", []), {1: turn(1)}, "memory"), Done(Way("never", []), {}, "no such file")
    _, found = compare([ours, stopped, never], rate)
    assert found.ratio == Spread(0.5, 0.5, 0.5) and found.why == "memory"


def test_answers_unlike_ours_are_counted() -> None:
    ours, other = (Done(Way("", []), {0: turn(1, answers=answers)}) for answers in ([0, 1, 2, 1], [0, 1, 1, 1]))
    assert [row.changed for row in compare([ours, other], rate)] == [None, 0.25]


def test_a_process_is_measured_while_it_works(worker: list[str]) -> None:
    with asked(worker, {"what": "x"}) as process:
        found = process.ask({"seed": 3})
    assert found.said == {"job": {"what": "x"}, "question": {"seed": 3}}
    assert found.seconds > 0 and found.processor >= 0 and found.peak_bytes > 30_000_000


def test_a_process_that_ends_says_why(worker: list[str]) -> None:
    with asked(worker, {}) as process, pytest.raises(child.Failed, match="it has had enough"):
        process.ask({"stop": True})
    with pytest.raises(child.Failed, match="No such file"), asked([sys.executable, "nowhere.py"], {}):
        pass


@pytest.mark.parametrize("kept", [True, False])
def test_they_work_in_turn_and_another_that_fails_is_left_out(worker: list[str], kept: bool) -> None:
    ways = [Way("ours", worker, {"who": 1}), Way("broken", [sys.executable, "nowhere.py"])]
    ours, broken = in_turn("test", ways, 2, lambda number: {"seed": number}, kept=kept, warm=kept)
    assert [turn.said["question"]["seed"] for turn in ours.turns.values()] == [0, 1]
    assert broken.turns == {} and "No such file" in broken.why


def test_without_ours_there_is_nothing_to_compare() -> None:
    with pytest.raises(SentimentError, match=r"test: ours failed: .*No such file"):
        in_turn("test", [Way("ours", [sys.executable, "nowhere.py"])], 1, lambda _: {}, kept=False)
