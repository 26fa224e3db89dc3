"""Reads the serving history so that a broken line becomes a notice and the page still appears."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sentiment.errors import InputError
from sentiment.serving.rules import apply, fold
from sentiment.serving.state import State

Event = dict[str, Any]
MOST_NOTICES = 10
FEW_LINES = 100  # up to this many new lines, adding them one by one is cheaper than reading everything again
STOPPED = "Until serving/history.jsonl is repaired, `sentiment` refuses to change what is served."


@dataclass(frozen=True)
class Ledger:
    """Every readable event, oldest first, the state after them, and a sentence for each line that is not readable."""

    events: tuple[Event, ...] = ()
    state: State = field(default_factory=State)
    notices: tuple[str, ...] = ()


_last: tuple[bytes, Ledger] = (b"", Ledger())  # replaced as a whole: requests are served by several threads


def read_ledger(path: Path) -> Ledger:
    """Returns the ledger in `path`; an empty one when the file does not exist."""
    try:
        return _read_on(path.read_bytes())
    except FileNotFoundError:
        return Ledger()
    except OSError as error:
        return Ledger(notices=(f"The serving history cannot be read: {error.strerror}.",))


def _read_on(content: bytes) -> Ledger:
    """Returns the ledger of that content; when only a few lines were added since the last reading, reads only those.

    The file only ever grows, and the page is read more often than it grows. The old content is compared byte by byte,
    which takes less than a millisecond for a thousand versions; two contents can have the same time and size.
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
    """Returns the ledger with these lines appended; None when one of them is broken."""
    *lines, torn = added.decode("utf-8", "replace").split("\n")
    events = [_event(line) for line in lines]
    if torn or not all(events):
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
    *lines, torn = content.split("\n")
    events, notices = [], []
    for number, line in enumerate(lines, 1):
        event = _event(line)
        if event:
            events.append((number, event))
        elif line.strip():
            notices.append(f"Line {number} of the serving history is not an event and is skipped: {line[:80]!r}.")
    state, refused = _state(events)
    notices = _few([*notices, *refused])
    if torn.strip():
        notices.append(
            "The last line of the serving history is torn: the change was never confirmed, and the next change "
            "drops the line."
        )
    return Ledger(tuple(event for _, event in events), state, tuple(notices))


def _event(line: str) -> Event:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _state(events: Sequence[tuple[int, Event]]) -> tuple[State, list[str]]:
    """Returns the state, and a sentence for each event that must not follow those above it."""
    try:
        return fold(event for _, event in events), []
    except InputError:
        pass
    state, refused = State(), []
    for number, event in events:
        try:
            state = apply(state, event)
        except InputError as error:
            refused.append(f"Line {number} of the serving history breaks the rules and is skipped: {error}")
    return state, refused


def _few(notices: list[str]) -> list[str]:
    if not notices:
        return []
    more = len(notices) - MOST_NOTICES
    return [*notices[:MOST_NOTICES], *([f"… and {more:,} more such lines."] if more > 0 else []), STOPPED]
