"""Keeps the versions in memory: loads what is wanted, unloads what is not, and holds what is in use.

`policy.next_steps` decides what to begin; this module has the lock and the threads. It does not know TensorFlow: a
loader turns a version folder into something that can be held and closed.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from sentiment.model_server.policy import State, VersionState, next_steps
from sentiment.model_server.refusal import Code, Refusal, quoted, refusal_of

log = logging.getLogger("sentiment.server")
SECONDS_WITHOUT_THREAD = 1.0  # after which it is tried again to start one
KEPT_ENDED = 100  # versions of a model that are gone, and whose state is still reported


class Loaded(Protocol):
    """What a loader returns: users hold it while they use it, and `close` waits for them."""

    def __enter__(self) -> Any: ...

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None: ...


L = TypeVar("L", bound=Loaded)


@dataclass(frozen=True)
class LoadRules:
    """How often a failed load is tried again, after how many seconds, and how many loads and unloads run at once.

    The first loads use as many threads as the real server gives them: `server_core.h:num_initial_load_threads`.
    """

    max_retries: int = 0
    retry_interval: float = 60.0
    load_threads: int = 1
    unload_threads: int = 4
    first_load_threads: int = 4 * len(os.sched_getaffinity(0))


class Versions(Generic[L]):
    """Every version of every model. Every method may be called from any thread."""

    def __init__(self, loader: Callable[[Path], L], rules: LoadRules) -> None:
        self._loader, self._rules = loader, rules
        self._changed = threading.Condition(threading.RLock())  # guards all that follows
        self._wanted: Mapping[str, Mapping[int, Path]] = {}
        self._states: dict[str, dict[int, VersionState]] = {}
        self._loaded: dict[str, dict[int, L]] = {}
        self._sources: dict[str, dict[int, Path]] = {}  # of the loaded versions
        self._first: dict[str, int] = {}  # by model: the version that was the first to load or fail
        self._closing = False
        self._loads = ThreadPoolExecutor(rules.first_load_threads, thread_name_prefix="load")
        self._unloads = ThreadPoolExecutor(rules.unload_threads, thread_name_prefix="unload")

    def want(self, wanted: Mapping[str, Mapping[int, Path]]) -> None:
        """Begins to load what is missing of `wanted` (model → version → folder), and to unload everything else."""
        with self._changed:
            self._wanted = wanted
            self._first = {name: version for name, version in self._first.items() if name in wanted}
            self._begin_steps()

    def end_first_loads(self) -> None:
        """Has later loads use the threads of later loads; does not wait for loads that have begun."""
        with self._changed:
            if self._closing:
                return
            first, self._loads = self._loads, ThreadPoolExecutor(self._rules.load_threads, thread_name_prefix="load")
        first.shutdown(wait=False)

    def _begin_steps(self) -> None:
        for name in {**self._states, **self._wanted}:
            states, wanted = self._states.setdefault(name, {}), self._wanted.get(name, {})
            steps = next_steps(self._unmoved(name, wanted), states)
            for version in steps.forgive:
                states[version] = VersionState(State.END, states[version].code, states[version].message)
            for version in steps.load if not self._closing else ():
                if _began(self._loads, self._load, name, version, wanted[version]):
                    states[version] = VersionState(State.START)
            for version in steps.unload:
                if _began(self._unloads, self._unload, name, version, self._loaded[name][version]):
                    states[version] = VersionState(State.UNLOADING)
                    del self._loaded[name][version]
        self._changed.notify_all()

    def _unmoved(self, name: str, wanted: Mapping[int, Path]) -> Mapping[int, Path]:
        """Returns `wanted` without versions that were loaded from another folder: they are unloaded first."""
        loaded = self._sources.get(name, {})
        return {version: path for version, path in wanted.items() if loaded.get(version, path) == path}

    def _enter(self, name: str, version: int, state: VersionState) -> None:
        with self._changed:
            self._states[name][version] = state
            if state.state in (State.AVAILABLE, State.END) and name in self._wanted:
                self._first.setdefault(name, version)
            for forgotten in self._ended(name)[:-KEPT_ENDED]:
                del self._states[name][forgotten]
            self._begin_steps()

    def _ended(self, name: str) -> list[int]:
        wanted = self._wanted.get(name, {})
        return sorted(v for v, e in self._states[name].items() if e.state is State.END and v not in wanted)

    def _load(self, name: str, version: int, path: Path) -> None:
        self._enter(name, version, VersionState(State.LOADING))
        began, cancelled = time.monotonic(), Refusal(Code.CANCELLED, "Loading of servable cancelled")
        failure, tries_left = cancelled, self._rules.max_retries + 1
        while tries_left and self._is_wanted(name, version):
            tries_left -= 1
            try:
                loaded = self._loader(path)
            except Exception as error:  # noqa: BLE001 - whatever breaks in a version must not break the server
                failure = refusal_of(error)
                log.error("%s version %d did not load: %s", name, version, failure)
                if tries_left:
                    self._wait_while_wanted(name, version)
            else:
                if self._take_in(name, version, path, loaded, time.monotonic() - began):
                    return
                loaded.close()
                failure, tries_left = cancelled, 0
        gave_up = not tries_left and failure is not cancelled
        # Clients read it; the log has the whole. Where the server keeps its models is not theirs to know.
        told = failure.told.replace(f"{path.parent}/", "")
        self._enter(name, version, VersionState(State.END, failure.code, told, gave_up=gave_up))

    def _take_in(self, name: str, version: int, path: Path, loaded: L, seconds: float) -> bool:
        """Makes a loaded version available; False: nobody wants it any longer, and it must not answer for a moment."""
        with self._changed:
            if not self._is_wanted(name, version):
                return False
            log.info("%s version %d is available after %.1f s", name, version, seconds)
            self._loaded.setdefault(name, {})[version] = loaded
            self._sources.setdefault(name, {})[version] = path
            self._enter(name, version, VersionState(State.AVAILABLE, load_seconds=seconds))
            return True

    def _is_wanted(self, name: str, version: int) -> bool:
        with self._changed:
            return not self._closing and version in self._wanted.get(name, {})

    def _wait_while_wanted(self, name: str, version: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._is_wanted(name, version), self._rules.retry_interval)

    def _unload(self, name: str, version: int, loaded: L) -> None:
        loaded.close()
        log.info("%s version %d is unloaded", name, version)
        with self._changed:
            self._sources[name].pop(version)
        self._enter(name, version, VersionState(State.END))

    @contextmanager
    def hold(self, name: str, version: int | None) -> Iterator[tuple[int, L]]:
        """Holds a version while a request uses it; no version means the largest available one.

        Raises:
            Refusal: NOT_FOUND when it is not available.
        """
        with self._changed:
            available = self._loaded.get(name, {})
            number = max(available, default=None) if version is None else version
            if number is None or number not in available:
                wish = f"Latest({quoted(name)})" if version is None else f"Specific({quoted(name)}, {version})"
                raise Refusal(Code.NOT_FOUND, f"Servable not found for request: {wish}")
            loaded = available[number]
            loaded.__enter__()
        try:
            yield number, loaded
        finally:
            loaded.__exit__()

    def states(self) -> dict[str, dict[int, VersionState]]:
        """Returns model → version → state, for every present version and for the last ones that are gone."""
        with self._changed:
            return {name: dict(states) for name, states in self._states.items()}

    def available(self, name: str) -> list[int]:
        """Returns the versions of a model that answer now."""
        with self._changed:
            return sorted(self._loaded.get(name, {}))

    def await_first(self, names: Iterable[str]) -> dict[str, tuple[int, VersionState]]:
        """Waits until a version of each model has loaded or failed; returns the first of each, and its state.

        A model that wants no version is not waited for. Source: `servable_state_monitor.cc`,
        HasAnyServableInStreamReachedState.
        """
        with self._changed:
            awaited = [name for name in names if self._wanted.get(name)]
            while not self._changed.wait_for(
                lambda: self._closing or all(name in self._first for name in awaited), SECONDS_WITHOUT_THREAD
            ):
                self._begin_steps()  # what lacked a thread; nothing polls yet when a server starts
            firsts = {name: self._first[name] for name in awaited if name in self._first}
            return {name: (version, self._states[name][version]) for name, version in firsts.items()}

    def close(self) -> None:
        """Unloads everything, each version when its requests have finished; returns when everything is unloaded."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._loads.shutdown(wait=True, cancel_futures=True)
        self.want({})
        self._unloads.shutdown(wait=True)


def _began(pool: ThreadPoolExecutor, work: Callable[..., None], *arguments: Any) -> bool:
    """Has a thread do `work`; False: the machine gives no thread now. The next poll tries again."""
    dropped = threading.Event()  # the pool keeps what it could not begin, and would begin it with what comes next

    def do() -> None:
        if not dropped.is_set():
            work(*arguments)

    try:
        pool.submit(do)
    except RuntimeError as error:
        dropped.set()
        log.warning("no thread to load or unload a version: %s", error)
        return False
    return True
