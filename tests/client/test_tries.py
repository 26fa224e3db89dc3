"""Tries, servers and deadlines, with servers that are scripts."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sentiment.client.answer import ClientError, Failure, Prediction, Then
from sentiment.client.tries import LONGEST_PAUSE, Deadline, Tries

ANSWER = ([Prediction("正面", 0, (1.0,))], 3)


class Scripted:
    """Plays its script, then answers; `seconds` are those it was given."""

    def __init__(self, *script: Then) -> None:
        self.address, self.script, self.seconds = "here", list(script), list[float]()

    def ask(
        self, texts: Sequence[str], label: str, seconds: float, titles: Sequence[str] | None = None
    ) -> tuple[list[Prediction], int | None]:
        self.seconds.append(seconds)
        if self.script:
            raise Failure("no luck", self.script.pop(0))
        return ANSWER

    def close(self) -> None:
        self.script.clear()


def ask(servers: Sequence[Scripted], most: int = 4, seconds: float = 100.0) -> list[float]:
    """Asks, and returns the pauses that were made."""
    pauses: list[float] = []
    assert Tries(servers, most, pauses.append).ask(["x"], "stable", Deadline(seconds)) == ANSWER
    return pauses


def test_what_is_transient_is_asked_again_after_a_pause() -> None:
    server = Scripted(Then.AGAIN, Then.AGAIN, Then.AGAIN)
    pauses = ask([server])
    assert len(server.seconds) == 4 and len(pauses) == 3
    assert all(0 <= pause <= 0.05 * 2**number for number, pause in enumerate(pauses))


def test_tries_are_bounded() -> None:
    server = Scripted(*[Then.AGAIN] * 9)
    with pytest.raises(ClientError, match=r"^label stable gave no answer: here: no luck(; here: no luck){3}$"):
        ask([server])
    assert len(server.seconds) == 4


@pytest.mark.parametrize("then", [Then.NEVER, Then.ELSEWHERE])
def test_what_cannot_help_is_not_done(then: Then) -> None:
    server = Scripted(then)
    with pytest.raises(ClientError):
        ask([server])
    assert len(server.seconds) == 1


def nobody_waits(seconds: float) -> None:
    pytest.fail(f"waited {seconds} seconds")


def test_another_server_is_asked_at_once_and_first_the_next_time() -> None:
    dead, alive = Scripted(*[Then.AGAIN] * 9), Scripted()
    tries = Tries([dead, alive], 4, nobody_waits)
    tries.ask(["x"], "stable", Deadline(10))
    tries.ask(["x"], "stable", Deadline(10))
    assert (len(dead.seconds), len(alive.seconds)) == (1, 2)


def test_a_refused_question_goes_to_no_other_server() -> None:
    one, other = Scripted(Then.NEVER), Scripted()
    with pytest.raises(ClientError):
        ask([one, other])
    assert other.seconds == []


def test_a_slow_server_leaves_time_for_the_next() -> None:
    slow, other = Scripted(Then.ELSEWHERE), Scripted()
    ask([slow, other], seconds=10)
    assert slow.seconds[0] == pytest.approx(5, abs=0.5)
    assert other.seconds[0] == pytest.approx(10, abs=0.5)


def test_a_single_server_has_all_the_time() -> None:
    server = Scripted()
    ask([server], seconds=10)
    assert server.seconds[0] == pytest.approx(10, abs=0.5)


def test_a_deadline_that_is_over_asks_nobody() -> None:
    server = Scripted()
    with pytest.raises(ClientError, match="no time is left"):
        Tries([server], 4).ask(["x"], "stable", Deadline(0))
    assert server.seconds == []


def test_no_pause_is_longer_than_what_is_left() -> None:
    server = Scripted(*[Then.AGAIN] * 99)
    began = time.monotonic()
    with pytest.raises(ClientError):
        Tries([server], 99).ask(["x"], "stable", Deadline(0.3))
    assert time.monotonic() - began < 0.6


@given(some.lists(some.lists(some.sampled_from(Then), max_size=5), min_size=1, max_size=4), some.integers(1, 6))
def test_whatever_happens_there_is_one_answer_or_one_error(scripts: list[list[Then]], most: int) -> None:
    servers = [Scripted(*script) for script in scripts]
    pauses: list[float] = []
    try:
        assert Tries(servers, most, pauses.append).ask(["x"], "canary", Deadline(100)) == ANSWER
    except ClientError as error:
        assert "no luck" in str(error)
    asked = sum(len(server.seconds) for server in servers)
    assert 1 <= asked <= most and len(pauses) < asked + 1
    assert all(0 <= pause <= LONGEST_PAUSE for pause in pauses)
