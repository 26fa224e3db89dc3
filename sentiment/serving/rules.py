"""The rules of the serving state, which is a pure fold over events.

    published → staged → canary → promoted          (version becomes stable; the old stable becomes previous)
                   ↓         ↓
               unstaged   withdrawn                  (did not load / was refused)
    rolled_back: an earlier stable version is stable again
    adopted: the labels are those that somebody set by hand in models.config
    pruned: the files of a version that nothing refers to were removed

A rule says what one event does, and which states refuse it. It returns the state after the event and, separately, the
versions that the event adds or changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sentiment.errors import InputError
from sentiment.results import events
from sentiment.results.events import AnyEvent
from sentiment.serving.state import State, Version

Marks = Mapping[int, Version]
Rule = Callable[[State, int, Any], tuple[State, Marks]]


def fold(history: Iterable[AnyEvent]) -> State:
    """Returns the state after the events of `history`. Raises: InputError when one may not follow those before it."""
    versions: dict[int, Version] = {}  # not shared until this returns: a copy for each event would be quadratic
    state = State(versions)
    for event in history:
        state, marks = _after(state, event)
        versions.update(marks)
    return state


def apply(state: State, event: AnyEvent) -> State:
    """Returns the state after one event.

    Raises: InputError when it is not allowed now.
    """
    after, marks = _after(state, event)
    return after._replace(versions={**state.versions, **marks})


def with_stable(stables: tuple[int, ...], stable: int | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Returns the stable versions in order, ending with `stable`, and those that a return to it drops."""
    if stable is None:
        return stables, ()
    if stable not in stables:
        return (*stables, stable), ()
    end = stables.index(stable) + 1
    return stables[:end], stables[end:]


def _after(state: State, event: AnyEvent) -> tuple[State, Mapping[int, Version]]:
    """Returns the state after `event`, with its versions as before, and the versions that are new or changed."""
    return RULES[type(event)](state, event.version, event)


def _published(state: State, number: int, event: events.Published) -> tuple[State, Marks]:
    last = f"version {state.newest}" if state.newest else "none"
    _require(number > state.newest, "version numbers must increase", f"version {number} after {last}")
    version = Version(
        number,
        run=event.run,
        digest=event.digest,
        size=event.size,
        published_at=event.at,
        data=event.data,
        metrics=event.metrics,
        records=event.records or {},
        pins=event.pins,
    )
    return state._replace(newest=number), {number: version}


def _staged(state: State, number: int, event: events.Staged) -> tuple[State, Marks]:
    _known(state, number)
    _require(state.staged is None, "only one version may be loading at a time", f"version {state.staged} still loading")
    _require(number not in state.served, "a version that is loaded must not be staged", f"version {number}, served")
    return state._replace(staged=number), {}


def _unstaged(state: State, number: int, event: events.Unstaged) -> tuple[State, Marks]:
    _known(state, number)
    _require(number == state.staged, "only a loading version can be unstaged", f"version {number}, not loading")
    error = event.error or ""
    condition = "failed" if error else state.versions[number].condition
    return state._replace(staged=None), _marked(state, {number: condition}, error)


def _canary(state: State, number: int, event: events.Canary) -> tuple[State, Marks]:
    _known(state, number)
    _not_an_earlier_stable(state.stables, number)
    _require(number in state.served, "a label may only go to a loaded version", f"version {number}, not loaded")
    conditions = {state.canary: "replaced", number: "served"}
    return state._replace(canary=number, staged=_without(state.staged, number)), _marked(state, conditions)


def _promoted(state: State, number: int, event: events.Promoted) -> tuple[State, Marks]:
    _known(state, number)
    _require(number == state.canary, "only the canary can be promoted", f"version {number}; {_canary_is(state)}")
    after = state._replace(stables=(*state.stables, number), kept=state.stable, canary=None, last_move="promoted")
    return after, _marked(state, {state.stable: "retired", number: "served"})


def _withdrawn(state: State, number: int, event: events.Withdrawn) -> tuple[State, Marks]:
    _known(state, number)
    _require(number == state.canary, "only the canary can be withdrawn", f"version {number}; {_canary_is(state)}")
    return state._replace(canary=None), _marked(state, {number: "withdrawn"})


def _rolled_back(state: State, number: int, event: events.RolledBack) -> tuple[State, Marks]:
    _known(state, number)
    _require(number in state.stables[:-1], "a rollback must return to an earlier stable version", f"version {number}")
    _require(number in state.served, "a label may only go to a loaded version", f"version {number}, not loaded")
    stables, left = with_stable(state.stables, number)
    staged = _without(state.staged, number)
    after = state._replace(stables=stables, staged=staged, kept=None, last_move="rolled_back")
    return after, _marked(state, {**dict.fromkeys(left, "rolled back"), number: "served"})


def _adopted(state: State, number: int, event: events.Adopted) -> tuple[State, Marks]:
    """Sets the labels, and the version kept for a rollback, as a person wrote them into models.config."""
    stable, canary, kept = event.stable, event.canary, event.kept
    for named in (stable, canary, kept):
        if named is not None:
            _known(state, named)
    _require(stable is not None or state.stable is None, "one version must stay stable", "an edit without one")
    _require(number in (stable, canary), "an adopted edit must be about a version it labels", f"version {number}")
    _require(canary is None or canary != stable, "the canary must not be the stable version", f"version {canary}")
    stables, left = with_stable(state.stables, stable)
    if canary is not None:
        _not_an_earlier_stable(stables, canary)
    previous = stables[-2] if len(stables) > 1 else None
    _require(kept in (None, previous), "only the previous stable version can be kept loaded", f"version {kept}")
    moved = "adopted" if stable != state.stable else state.last_move
    after = state._replace(stables=stables, canary=canary, staged=None, kept=kept, last_move=moved)
    conditions: dict[int | None, str] = {
        state.canary: "withdrawn" if canary is None else "replaced",
        state.stable: "retired",
        **dict.fromkeys(left, "rolled back"),
        stable: "served",
        canary: "served",
    }
    return after, _marked(state, conditions)


def _pruned(state: State, number: int, event: events.Pruned) -> tuple[State, Marks]:
    _known(state, number)
    _require(number not in state.served, "only a version that is not served can be pruned", f"version {number}, served")
    _require(number != state.previous, "the version that a rollback returns to must be kept", f"version {number}")
    kept = tuple(stable for stable in state.stables if stable != number) if number in state.stables else state.stables
    return state._replace(stables=kept), _marked(state, {number: "pruned"})


RULES: dict[type[events.Event], Rule] = {
    events.Published: _published,
    events.Staged: _staged,
    events.Unstaged: _unstaged,
    events.Canary: _canary,
    events.Promoted: _promoted,
    events.Withdrawn: _withdrawn,
    events.RolledBack: _rolled_back,
    events.Adopted: _adopted,
    events.Pruned: _pruned,
}


def _known(state: State, number: int) -> None:
    _require(number in state.versions, "the version must have been published", f"version {number}")
    gone = state.versions[number].condition == "pruned"
    _require(not gone, "the version's files must still exist", f"version {number}, pruned")


def _not_an_earlier_stable(stables: tuple[int, ...], number: int) -> None:
    found = f"version {number} while version {stables[-1]} is stable" if stables else ""
    _require(number not in stables, "an earlier stable version can only come back by a rollback", found)


def _marked(state: State, conditions: Mapping[int | None, str], error: str = "") -> Marks:
    return {
        number: state.versions[number]._replace(condition=condition, error=error)
        for number, condition in conditions.items()
        if number is not None
    }


def _without(current: int | None, number: int) -> int | None:
    return None if current == number else current


def _canary_is(state: State) -> str:
    return "there is no canary" if state.canary is None else f"the canary is version {state.canary}"


def _require(holds: bool, must_hold: str, found: str) -> None:
    """Raises: InputError unless `holds`."""
    if not holds:
        raise InputError(must_hold, found=found, do="Look at the versions with `sentiment status`.")
