"""How many loads run at once, and what becomes of a load that nobody wants any longer."""

from __future__ import annotations

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
