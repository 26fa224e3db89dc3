"""The serving state as a pure fold over events.

`apply(state, event)` is the whole rule book: what each event does, and which event is refused in which state.

    published → staged → canary → promoted          (version becomes stable; the old stable becomes previous)
                   ↓         ↓
               unstaged   withdrawn                  (did not load / was refused)
    rolled_back: an earlier stable version is stable again
    pruned: the files of a version that nothing refers to are gone
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

from sentiment.errors import InputError

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Version:
    """One published version. `condition` says what became of it; labels are the State's."""

    number: int
    condition: str = "published"  # published, served, failed, withdrawn, replaced, retired, rolled back, pruned
    run: str = ""
    digest: str = ""
    published_at: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)  # model.json's data: fingerprint, watermark, rows …
    metrics: Mapping[str, float] = field(default_factory=dict)  # accuracy by test set
    error: str = ""


@dataclass(frozen=True)
class State:
    """What is served, and what could be."""

    versions: Mapping[int, Version] = field(default_factory=dict)
    stables: tuple[int, ...] = ()  # the stable version last, the ones it followed before it
    canary: int | None = None
    staged: int | None = None  # being loaded by the servers, without a label yet
    last_event: str = ""

    @property
    def stable(self) -> int | None:
        return self.stables[-1] if self.stables else None

    @property
    def previous(self) -> int | None:
        """The version that a rollback returns to."""
        return self.stables[-2] if len(self.stables) > 1 else None

    @property
    def served(self) -> tuple[int, ...]:
        """Versions that every server has loaded. The previous one stays loaded, so a rollback takes no time."""
        return tuple(sorted({v for v in (self.stable, self.canary, self.previous, self.staged) if v is not None}))

    @property
    def labels(self) -> dict[str, int]:
        named = {"stable": self.stable, "canary": self.canary}
        return {label: version for label, version in named.items() if version is not None}

    @property
    def next_number(self) -> int:
        return max(self.versions, default=0) + 1


def fold(events: Iterable[Event]) -> State:
    """Returns the state after `events`; an event that its state does not allow is an InputError."""
    return reduce(apply, events, State())


def apply(state: State, event: Event) -> State:
    """Returns the state after one event.

    Raises: InputError when the event is unknown or not allowed now.
    """
    name = str(event.get("event"))
    if name not in RULES:
        raise InputError(f"an event must be one of {', '.join(RULES)}", found=repr(name), do="Mend the history file.")
    return replace(RULES[name](state, event), last_event=name)


def _published(state: State, event: Event) -> State:
    number = int(event["version"])
    _require(number >= state.next_number, "version numbers must only grow", f"version {number} after {_last(state)}")
    version = Version(
        number,
        run=event.get("run", ""),
        digest=event.get("digest", ""),
        published_at=event.get("at", ""),
        data=event.get("data", {}),
        metrics=event.get("metrics", {}),
    )
    return replace(state, versions={**state.versions, number: version})


def _staged(state: State, event: Event) -> State:
    number = _known(state, event)
    _require(state.staged is None, "only one version may be loading at a time", f"version {state.staged} still loading")
    _require(number not in state.served, "a version that is loaded must not be staged", f"version {number}, served")
    return replace(state, staged=number)


def _unstaged(state: State, event: Event) -> State:
    number = _known(state, event)
    _require(number == state.staged, "only a loading version can be unstaged", f"version {number}, which is not")
    error = str(event.get("error", ""))
    condition = "failed" if error else state.versions[number].condition
    return _mark(replace(state, staged=None), number, condition, error)


def _canary(state: State, event: Event) -> State:
    number = _known(state, event)
    _require(
        number not in state.stables,
        "an earlier stable version comes back by a rollback, not as canary",
        f"version {number} after {_stable_is(state)}",
    )
    _require(number in state.served, "a label may only go to a loaded version", f"version {number}, not loaded")
    if state.canary is not None and state.canary != number:
        state = _mark(state, state.canary, "replaced")
    return _mark(replace(state, canary=number, staged=_without(state.staged, number)), number, "served")


def _promoted(state: State, event: Event) -> State:
    number = _known(state, event)
    _require(number == state.canary, "only the canary can be promoted", f"version {number}; {_canary_is(state)}")
    if state.stable is not None:
        state = _mark(state, state.stable, "retired")
    kept = tuple(stable for stable in state.stables if stable != number)
    return _mark(replace(state, stables=(*kept, number), canary=None), number, "served")


def _withdrawn(state: State, event: Event) -> State:
    number = _known(state, event)
    _require(number == state.canary, "only the canary can be withdrawn", f"version {number}; {_canary_is(state)}")
    return _mark(replace(state, canary=None), number, "withdrawn")


def _rolled_back(state: State, event: Event) -> State:
    number = _known(state, event)
    _require(number in state.stables[:-1], "a rollback must return to an earlier stable version", f"version {number}")
    _require(number in state.served, "a label may only go to a loaded version", f"version {number}, not loaded")
    position = state.stables.index(number)
    for left in state.stables[position + 1 :]:
        state = _mark(state, left, "rolled back")
    state = replace(state, stables=state.stables[: position + 1], staged=_without(state.staged, number))
    return _mark(state, number, "served")


def _pruned(state: State, event: Event) -> State:
    number = _known(state, event)
    _require(number not in state.served, "only a version that is not served can be pruned", f"version {number}, served")
    kept = tuple(stable for stable in state.stables if stable != number)
    return _mark(replace(state, stables=kept), number, "pruned")


RULES: dict[str, Callable[[State, Event], State]] = {
    "published": _published,
    "staged": _staged,
    "unstaged": _unstaged,
    "canary": _canary,
    "promoted": _promoted,
    "withdrawn": _withdrawn,
    "rolled_back": _rolled_back,
    "pruned": _pruned,
}


def _known(state: State, event: Event) -> int:
    number = int(event["version"])
    _require(number in state.versions, "the version must have been published", f"version {number}")
    _require(
        state.versions[number].condition != "pruned", "the version's files must still be there", f"{number} pruned"
    )
    return number


def _mark(state: State, number: int, condition: str, error: str = "") -> State:
    changed = replace(state.versions[number], condition=condition, error=error)
    return replace(state, versions={**state.versions, number: changed})


def _stable_is(state: State) -> str:
    return f"stable version {state.stable}"


def _without(current: int | None, number: int) -> int | None:
    return None if current == number else current


def _last(state: State) -> str:
    return f"version {state.next_number - 1}" if state.versions else "none"


def _canary_is(state: State) -> str:
    return "there is no canary" if state.canary is None else f"the canary is version {state.canary}"


def _require(holds: bool, must_hold: str, found: str) -> None:
    if not holds:
        raise InputError(must_hold, found=found, do="See `sentiment status`.")
