"""The pool of threads: a warm thread before a cold one, never too many, and none for long without work."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from sentiment.model_server import threads
from sentiment.model_server.threads import Threads


@pytest.fixture
def pool() -> Iterator[Threads]:
    pool = Threads(4, "test")
    yield pool
    pool.close()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_one_request_after_the_other_always_meets_the_same_thread(pool: Threads) -> None:
    gate = threading.Event()
    for call in [pool.submit(gate.wait, 20) for _ in range(4)]:  # so that all threads exist
        gate.set()
        call.result()
    met = set()
    for _ in range(50):
        until(lambda: len(pool._idle) == 4)
        met.add(pool.submit(threading.get_ident).result(20))
    assert len(met) == 1


def test_there_are_never_more_threads_than_allowed_and_all_work_is_done(pool: Threads) -> None:
    lock, now, most = threading.Lock(), 0, 0

    def work(number: int) -> int:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.001)
        with lock:
            now -= 1
        return number

    assert [call.result(20) for call in [pool.submit(work, number) for number in range(100)]] == list(range(100))
    assert most == 4


def test_a_thread_without_work_ends_and_another_takes_its_place(pool: Threads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "SECONDS_IDLE", 0.01)
    for _ in range(3):
        assert pool.submit(str, 7).result(20) == "7"
        until(lambda: not pool._number)
    assert pool._idle == []


def test_work_that_comes_while_threads_give_up_is_done(pool: Threads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "SECONDS_IDLE", 0.0005)
    for number in range(300):
        assert pool.submit(abs, -number).result(20) == number
        time.sleep(0.0005)


def test_an_error_is_raised_where_the_result_is_asked_for(pool: Threads) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        pool.submit(int, "x").result(20)
    assert pool.submit(int, "7").result(20) == 7


def test_a_closed_pool_ends_its_threads_drops_what_waits_and_begins_nothing() -> None:
    pool, gate = Threads(1, "closed"), threading.Event()
    running, waiting = pool.submit(gate.wait, 20), pool.submit(str, 7)
    pool.close()
    gate.set()
    assert running.result(20)
    until(lambda: not any(thread.name == "closed" for thread in threading.enumerate()))
    assert not waiting.done()
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(str, 7)


WITH_FEW_THREADS = """
import resource, threading, time
from pathlib import Path
from sentiment.model_server.threads import Threads

def allow(bytes_more):
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + bytes_more if bytes_more else resource.RLIM_INFINITY, -1))

threading.stack_size(32 << 20)  # of address space, for each thread
told, gate = [], threading.Event()
none, few = Threads(4, "none"), Threads(64, "few", told.append)
allow(16 << 20)
assert not none.begin(print)
waiting = none.submit(str, 7)
allow(112 << 20)  # three threads, and what else they need
calls = [few.submit(gate.wait, 20) for _ in range(64)]
there = threading.active_count() - 1
assert 0 < there < 4 and told == [there] * (64 - there), (there, told)
gate.set()
assert all(call.result(20) for call in calls)
allow(0)
gate.clear()
calls = [few.submit(gate.wait, 20) for _ in range(64)]
assert told[64 - there:] == [64], told
gate.set()
assert all(call.result(20) for call in calls)
assert none.submit(str, 8).result(20) == "8" and waiting.result(20) == "7"
few.close()
none.close()
"""


def test_where_the_machine_gives_no_more_threads_what_comes_waits_and_their_number_is_told() -> None:
    ended = subprocess.run([sys.executable, "-c", WITH_FEW_THREADS], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
