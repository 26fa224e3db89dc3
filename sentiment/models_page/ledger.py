"""Reads the serving history so that a broken line becomes a notice and the page still appears."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sentiment import json_lines
from sentiment.errors import InputError
from sentiment.results.events import AnyEvent, parsed_event
from sentiment.serving.rules import apply, fold
from sentiment.serving.state import State

MOST_NOTICES = 10
FEW_LINES = 100  # up to this many new lines, adding them one by one is cheaper than reading everything again
STOPPED = "Until serving/history.jsonl is repaired, `sentiment` refuses to change what is served."


@dataclass(frozen=True)
class Ledger:
    """Every readable event, oldest first, the state after them, and a sentence for each line that is not readable."""

    events: tuple[AnyEvent, ...] = ()
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
    lines, torn = json_lines.parse(added.decode("utf-8", "replace"))
    if torn:
        return None
    state, events = known.state, []
    try:
        for line in lines:
            events.append(parsed_event(line.text))
            state = apply(state, events[-1])
    except InputError:
        return None
    return Ledger((*known.events, *events), state)


def parse(content: str) -> Ledger:
    """Returns the ledger of that content."""
    lines, torn = json_lines.parse(content)
    events, notices = [], []
    for line in lines:
        try:
            events.append((line.number, parsed_event(line.text)))
        except InputError as error:
            told = f"{error.must_hold}; found {error.found}"
            notices.append(f"Line {line.number} of the serving history is not an event and is skipped: {told}.")
    state, refused = _state(events)
    notices = _few([*notices, *refused])
    if torn.strip():
        notices.append(
            "The last line of the serving history is torn: the change was never confirmed, and the next change "
            "drops the line."
        )
    return Ledger(tuple(event for _, event in events), state, tuple(notices))


def _state(events: Sequence[tuple[int, AnyEvent]]) -> tuple[State, list[str]]:
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
