"""A child that a file has got hold of drips, stalls or asks without end: it has one time, and one number of bytes."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from sentiment.data.formats.allowance import TOO_SLOW
from sentiment.data.formats.record import UnreadableFile
from sentiment.scoring import messages, wire
from sentiment.scoring.asked import Told, Wanted, most_given
from sentiment.scoring.children import STATUS, make_children
from sentiment.scoring.messages import ReaderEnded, Talk, talk
from sentiment.scoring.wire import LENGTH, Wire

WANTED = Wanted(name="x.tsv", size=1_000, shard_rows=10)
SAID = msgspec.json.encode(Told(rows=1))
MESSAGE = LENGTH.pack(len(SAID)) + SAID


class Clock:
    """The seconds that whoever waits would see: nobody really waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(wire, "time", SimpleNamespace(monotonic=lambda: self.now))


class Slow:
    """A connection of which each read or write has `at_once` bytes and takes a second; it says `said` for ever."""

    def __init__(self, clock: Clock, at_once: int = 1, said: bytes = MESSAGE) -> None:
        self.clock, self.at_once, self.said, self.done, self.longest = clock, at_once, said, 0, list[float]()

    def settimeout(self, seconds: float) -> None:
        self.longest.append(seconds)

    def _act(self, size: int) -> int:
        self.clock.now += 1
        taken = min(size, self.at_once)
        self.done += taken
        return taken

    def send(self, content: memoryview) -> int:
        return self._act(len(content))

    def recv(self, size: int) -> bytes:
        at, taken = self.done % len(self.said), self._act(size)
        return (self.said * 2)[at : at + taken]


def with_one(end: Any, patience: float = 10) -> Talk:
    return Talk((end, end), WANTED, patience)


def test_a_message_that_comes_a_byte_at_a_time_has_the_time_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    end = Slow(Clock(monkeypatch), said=LENGTH.pack(1_000) + b" " * 1_000)
    with pytest.raises(ReaderEnded, match=TOO_SLOW):
        list(with_one(end).messages())
    assert end.done == 10 and end.longest == [10 - waited for waited in range(10)]


def test_messages_that_come_slowly_have_it_together(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = with_one(Slow(Clock(monkeypatch), 1_000)).messages()
    for _ in range(5):  # of each, the length and what it says
        assert next(heard).told.rows == 1
    with pytest.raises(ReaderEnded, match=TOO_SLOW):
        next(heard)


def test_a_part_that_is_taken_slowly_takes_of_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    end = Slow(Clock(monkeypatch), 1_000)
    child = with_one(end)
    assert next(child.messages()).told.rows == 1
    with pytest.raises(ReaderEnded, match=TOO_SLOW):
        child.give(bytes(1 << 20))
    assert 6_000 < end.done < 8_000


def test_what_the_run_does_meanwhile_takes_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    heard = with_one(Slow(clock, 1_000)).messages()
    for _ in range(5):
        clock.now += 1_000
        assert next(heard).told.rows == 1


def test_a_file_is_not_given_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "most_given", lambda size: 10 * size)
    end = Slow(Clock(monkeypatch), 1 << 20)
    child = with_one(end, 1_000)
    for _ in range(10):
        child.give(bytes(WANTED.size))
    with pytest.raises(UnreadableFile, match="a part, again and again"):
        child.give(b"x")
    assert end.done == 10 * (WANTED.size + LENGTH.size)
    assert 2 << 40 < most_given(1 << 40) < 17 << 40, "an honest reader takes some parts twice"


@contextmanager
def saying(content: bytes) -> Iterator[Talk]:
    """Yields a talk with a child that says this, and ends."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(content)
        yield with_one(ours)


@pytest.mark.parametrize("content", [b"", b"\0", LENGTH.pack(-1), LENGTH.pack(1 << 62), LENGTH.pack(9) + b"{}"])
def test_what_is_no_whole_message_is_the_end(content: bytes) -> None:
    with saying(MESSAGE + content) as child:
        assert [heard.told.rows for heard in child.messages()] == [1]


def test_children_are_at_work_at_once_and_of_each_is_said_how_it_ended() -> None:
    control, theirs = socket.socketpair()
    maker = os.fork()
    if not maker:
        control.close()
        try:
            make_children(theirs, lambda end: Wire(end).receive()[0])  # the exit code is what it is told
        finally:
            os._exit(0)
    theirs.close()
    with control, talk(control, WANTED, 60) as first, talk(control, WANTED, 60) as second:
        for child, code in ((second, 7), (first, 9)):
            child.give(bytes([code]))
            assert list(child.messages()) == []
            assert STATUS.unpack(child.status())[0] == code
        with talk(control, WANTED, 0.1) as silent, pytest.raises(ReaderEnded, match=TOO_SLOW):
            list(silent.messages())
        os.kill(maker, signal.SIGKILL)
        os.waitpid(maker, 0)
