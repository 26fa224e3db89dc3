"""The serving history, read so that a line which is none costs a notice and not the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sentiment import json_lines
from sentiment.errors import InputError
from sentiment.serving.rules import apply, fold
from sentiment.serving.state import State

Event = dict[str, Any]
MOST_NOTICES = 10
FEW_LINES = 100  # that are cheaper to add one by one than to read everything anew
STOPPED = "Until it is mended, `sentiment` refuses to change what is served."


@dataclass(frozen=True)
class Ledger:
    """Every event that can be read, oldest first, the state after them, and a sentence for each line that cannot."""

    events: tuple[Event, ...] = ()
    state: State = field(default_factory=State)
    notices: tuple[str, ...] = ()


_last: tuple[bytes, Ledger] = (b"", Ledger())  # replaced as a whole: requests are served by several threads


def read_ledger(path: Path) -> Ledger:
    """Returns the ledger in `path`; an empty one when there is no such file."""
    try:
        return _read_on(path.read_bytes())
    except FileNotFoundError:
        return Ledger()
    except OSError as error:
        return Ledger(notices=(f"The serving history cannot be read: {error.strerror}.",))


def _read_on(content: bytes) -> Ledger:
    """Returns the ledger of that content; when it is what was read last, and a few lines more, only those are read.

    The file only ever grows, and the page is looked at more often. What was read is compared byte by byte, which takes
    less than a millisecond for a thousand versions; a time and a size can be the same for two contents.
    """
    global _last
    before, known = _last
    if content == before:
        return known
    added = content[len(before) :]
    is_longer = content.startswith(before) and before.endswith(b"\n") and not known.notices
    ledger = _with_lines(known, added) if is_longer and added.count(b"\n") <= FEW_LINES else None
    ledger = ledger or parse(content.decode("utf-8", "replace"))
    _last = content, ledger
    return ledger


def _with_lines(known: Ledger, added: bytes) -> Ledger | None:
    """Returns the ledger with these lines behind it; None when one of them is not as it should be."""
    lines, torn = json_lines.parse(added.decode("utf-8", "replace"))
    events = [line.value for line in lines if line.value]
    if torn or len(events) < added.count(b"\n"):
        return None
    state = known.state
    try:
        for event in events:
            state = apply(state, event)
    except InputError:
        return None
    return Ledger((*known.events, *events), state)


def parse(content: str) -> Ledger:
    """Returns the ledger of that content."""
    lines, torn = json_lines.parse(content)
    events = [(line.number, line.value) for line in lines if line.value]
    notices = [
        f"Line {line.number} of the serving history is no event, and is passed over: {line.text[:80]!r}."
        for line in lines
        if not line.value
    ]
    state, refused = _state(events)
    notices = _few([*notices, *refused])
    if torn.strip():
        notices.append("The last line of the serving history is torn: it was never acknowledged, and will be dropped.")
    return Ledger(tuple(event for _, event in events), state, tuple(notices))


def _state(events: Sequence[tuple[int, Event]]) -> tuple[State, list[str]]:
    """Returns the state, and a sentence for each event that may not follow those above it."""
    try:
        return fold(event for _, event in events), []
    except InputError:
        pass
    state, refused = State(), []
    for number, event in events:
        try:
            state = apply(state, event)
        except InputError as error:
            refused.append(f"Line {number} of the serving history cannot be followed, and is passed over: {error}")
    return state, refused


def _few(notices: list[str]) -> list[str]:
    if not notices:
        return []
    more = len(notices) - MOST_NOTICES
    return [*notices[:MOST_NOTICES], *([f"… and {more:,} more such lines."] if more > 0 else []), STOPPED]
