"""How many loads run at once, and what becomes of a load that nobody wants any longer."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.waiting import wait_until

from sentiment.model_server.policy import State
from sentiment.model_server.refusal import Code
from sentiment.model_server.versions import LoadRules, Versions


class Held:
    """A loader whose loads last until they are let go; a loaded version notes that it was closed."""

    def __init__(self) -> None:
        self.loading: set[int] = set()
        self.closed: list[int] = []
        self._gates = {version: threading.Event() for version in range(1, 6)}

    def load(self, path: Path) -> Loaded:
        version = int(path.name)
        self.loading.add(version)
        assert self._gates[version].wait(10)
        self.loading.discard(version)
        return Loaded(self, version)

    def let_go(self, *versions: int) -> None:
        for version in versions or self._gates:
            self._gates[version].set()


class Loaded:
    def __init__(self, held: Held, version: int) -> None:
        self._held, self._version = held, version

    def __enter__(self) -> Loaded:
        return self

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None:
        self._held.closed.append(self._version)


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def versions(held: Held) -> Iterator[Versions[Loaded]]:
    made = Versions(held.load, LoadRules(load_threads=1, first_load_threads=2))
    yield made
    held.let_go()
    made.close()


def want(versions: Versions[Loaded], *numbers: int) -> None:
    versions.want({"m": {number: Path(str(number)) for number in numbers}})


def test_the_first_loads_run_at_once_and_later_ones_one_after_the_other_the_highest_first(
    versions: Versions[Loaded], held: Held
) -> None:
    """`load_servables_fast.cc:ConnectSourcesWithFastInitialLoad`, `basic_manager.cc:SetNumLoadThreads`."""
    want(versions, 1, 2)
    assert wait_until(lambda: held.loading == {1, 2})
    held.let_go(1, 2)
    assert wait_until(lambda: versions.available("m") == [1, 2])
    versions.end_first_loads()
    want(versions, 1, 2, 3, 4)
    assert wait_until(lambda: held.loading == {4})
    assert versions.states()["m"][3].state is State.START
    held.let_go(4)
    assert wait_until(lambda: held.loading == {3})
    assert versions.available("m") == [1, 2, 4]


def test_a_load_that_nobody_wants_any_longer_never_answers(versions: Versions[Loaded], held: Held) -> None:
    """`loader_harness.cc:Load`: UnloadDueToCancelledLoad. It was available for a moment before."""
    want(versions, 1)
    assert wait_until(lambda: held.loading == {1})
    want(versions, 2)
    held.let_go(1)
    assert wait_until(lambda: versions.states()["m"][1].state is State.END)
    assert (versions.states()["m"][1].code, held.closed, versions.available("m")) == (Code.CANCELLED, [1], [])
    held.let_go(2)
    want(versions, 1, 2)
    assert wait_until(lambda: versions.available("m") == [1, 2]), "it may be loaded again"


WITHOUT_THREADS = """
import logging, resource, threading, time
from pathlib import Path
from sentiment.model_server.policy import State
from sentiment.model_server.versions import LoadRules, Versions

class Loaded:
    def __enter__(self): return self
    def __exit__(self, *_): ...
    def close(self): ...

def allow(bytes_more):
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + bytes_more if bytes_more else resource.RLIM_INFINITY, -1))

def want(*numbers):
    versions.want({"m": {number: Path(str(number)) for number in numbers}})

def states():
    return {number: entry.state.name for number, entry in versions.states()["m"].items()}

logging.disable()
loads = []
def load(path):
    loads.append(str(path))
    return Loaded()

threading.stack_size(32 << 20)  # of address space, for each thread
versions = Versions(load, LoadRules(first_load_threads=2))
allow(16 << 20)
want(1)
assert states() == {} and loads == []
allow(0)
assert versions.await_first(["m"])["m"][0] == 1, "what lacked a thread is begun again"
assert loads == ["1"]
allow(16 << 20)
want(2)  # a thread for loads is there and has nothing to do
while states().get(2) != "AVAILABLE":
    time.sleep(0.01)
assert states()[1] == "AVAILABLE", "no thread unloads it, and it goes on answering"
allow(0)
want(2)
while states()[1] != "END":
    time.sleep(0.01)
assert loads == ["1", "2"]
versions.close()
"""


def test_where_the_machine_gives_no_thread_a_version_is_loaded_and_unloaded_once_there_is_one() -> None:
    ended = subprocess.run([sys.executable, "-c", WITHOUT_THREADS], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
