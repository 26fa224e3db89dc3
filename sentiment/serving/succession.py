"""Which version took the label that another had, and why a question about a version needs no answer any more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sentiment.language import marked, tr
from sentiment.results.events import Adopted, AnyEvent, Canary, Promoted, RolledBack, Withdrawn
from sentiment.serving.state import State, Version

# What became of a version, as `sentiment.serving.rules` records it: said to people in their language.
CONDITIONS = (
    *(marked("published"), marked("served"), marked("failed"), marked("withdrawn"), marked("pruned")),
    *(marked("replaced"), marked("retired"), marked("rolled back")),
)
_FOLLOWED = {
    "replaced": marked("replaced by version {version}"),
    "retired": marked("retired, followed by version {version}"),
    "rolled back": marked("rolled back to version {version}"),
}


def successors(events: Iterable[AnyEvent]) -> dict[int, int]:
    """Returns by version which one took the last label that it had; without versions that have one, or left it free."""
    holders: dict[str, int | None] = {}
    found: dict[int, int] = {}
    for event in events:
        for label, now in _moves(event):
            before, holders[label] = holders.get(label), now
            if now is not None:
                found.pop(now, None)
            if before is not None and before != now:
                found.pop(before, None)
                found |= {before: now} if now is not None else {}
    return found


def superseded(version: int, state: State, events: Iterable[AnyEvent] = ()) -> str:
    """Returns why nothing is to be decided about `version`, by what it was superseded; "" while it is the canary."""
    if state.canary == version:
        return ""
    known = state.versions.get(version)
    condition = condition_told(known, successors(events)) if known else tr("unknown")
    if state.canary is None:
        return tr(
            "Superseded: version {version} is {condition}; there is no canary now."
            " This question is closed, and nothing changed.",
            version=version,
            condition=condition,
        )
    return tr(
        "Superseded: version {version} is {condition}; the canary is now version {canary}."
        " This question is closed, and nothing changed.",
        version=version,
        condition=condition,
        canary=state.canary,
    )


def condition_told(version: Version, followed: Mapping[int, int]) -> str:
    """Returns what became of a version, by `successors` with what came in its place: `replaced by version 3`."""
    by = followed.get(version.number) if version.condition in _FOLLOWED else None
    return tr(version.condition) if by is None else tr(_FOLLOWED[version.condition], version=by)


def _moves(event: AnyEvent) -> Iterator[tuple[str, int | None]]:
    """Yields each label that an event gave or took, with the version that has it afterwards."""
    if isinstance(event, Canary):
        yield "canary", event.version
    elif isinstance(event, Withdrawn):
        yield "canary", None
    elif isinstance(event, Promoted | RolledBack):
        if isinstance(event, Promoted):
            yield "canary", None
        yield "stable", event.version
    elif isinstance(event, Adopted):
        yield from (("canary", event.canary), ("stable", event.stable))
