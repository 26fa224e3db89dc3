"""The embedded server's versions beside the model of TensorFlow Serving's: the same order, never fewer versions."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.real_versions import LOADING, READY, UNLOADING, Harness, RealVersions

from sentiment.model_server.policy import State, VersionState, next_steps
from sentiment.model_server.versions import LoadRules, Versions

AT_REST = (State.AVAILABLE, State.END)
SAME = {READY: State.AVAILABLE, LOADING: State.LOADING, UNLOADING: State.UNLOADING}
versions = st.integers(1, 5)


class Nothing:
    """A loaded version that holds nothing."""

    def __enter__(self) -> Nothing:
        return self

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None: ...


@given(st.sets(versions), st.dictionaries(versions, st.sampled_from(sorted(SAME))))
def test_the_next_steps_are_the_real_policys_actions(wanted: set[int], there: dict[int, str]) -> None:
    """Source: `availability_preserving_policy.cc:GetNextAction`, asked again and again before anything has ended."""
    real = RealVersions(managed={version: Harness(state, version in wanted) for version, state in there.items()})
    real.managed.update({version: Harness() for version in wanted - there.keys()})
    for _ in range(20):
        real.tick()
    steps = next_steps(wanted, {version: VersionState(SAME[state]) for version, state in there.items()})
    loads, unloads = ([v for kind, v in real.taken if kind == which] for which in ("load", "unload"))
    assert (list(steps.load), list(steps.unload)) == (loads, unloads)
    assert [kind for kind, _ in real.taken] == ["unload"] * len(unloads) + ["load"] * len(loads)


@settings(max_examples=60)
@given(st.lists(st.sets(versions, max_size=3), max_size=6), st.sets(versions, max_size=2))
@example([{1}, {2}, {1}, {1, 3}], {2})
@example([{1, 2}, {3}, {2}], {3})
def test_never_fewer_versions_are_available_than_in_the_real_server(wishes: list[set[int]], broken: set[int]) -> None:
    real, ours = RealVersions(broken), _ours(broken)
    for wish in wishes:
        real.aspire(wish)
        real.rest()
        ours.want({"m": {version: Path(str(version)) for version in wish}})
        while any(entry.state not in AT_REST for entry in ours.states().get("m", {}).values()):
            time.sleep(0.0005)
        available = set(ours.available("m"))
        assert real.available <= available
        assert real.pending or real.available == available, "they differ only while the real one waits"
    ours.close()


def test_the_real_server_waits_for_ever_for_a_version_that_it_keeps_in_reserve() -> None:
    """Source: `aspired_versions_manager.cc:ContainsAnyReaspiredVersions`. Why the page of differences warns of it."""
    real = RealVersions(broken={2})
    for wish in ({1}, {2}, {1, 3}):
        real.aspire(wish)
        real.rest()
    assert (real.available, real.pending) == ({1}, frozenset({1, 3}))


def _ours(broken: set[int]) -> Versions[Any]:
    def load(path: Path) -> Nothing:
        if int(path.name) in broken:
            raise ValueError(path.name)
        return Nothing()

    return Versions(load, LoadRules(first_load_threads=1, unload_threads=1))
