"""Reads the serving history so that a broken line becomes a notice and the page still appears."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sentiment import json_lines
from sentiment.errors import InputError
from sentiment.results.events import AnyEvent, parsed_event
from sentiment.serving.history import fault
from sentiment.serving.rules import apply, fold
from sentiment.serving.state import State
from sentiment.settings import Settings

MOST_NOTICES = 10
FEW_LINES = 100  # up to this many new lines, adding them one by one is cheaper than reading everything again
RESTORE = "An operator restores it with `sentiment status --restore-history`."
STOPPED = "Until serving/history.jsonl is repaired, `sentiment` refuses to change what is served."


@dataclass(frozen=True)
class Ledger:
    """Every readable event, oldest first, the state after them, and a sentence for each line that is not readable."""

    events: tuple[AnyEvent, ...] = ()
    state: State = field(default_factory=State)
    notices: tuple[str, ...] = ()


# Both are replaced as a whole: requests are served by several threads.
_last: tuple[bytes, Ledger] = (b"", Ledger())
_last_judged: tuple[tuple[bytes, ...], str] = ((), "")


def read_ledger(path: Path) -> Ledger:
    """Returns the ledger in `path`; an empty one when the file does not exist."""
    try:
        return _read_on(path.read_bytes())
    except FileNotFoundError:
        return Ledger()
    except OSError as error:
        return Ledger(notices=(_unreadable(error),))


def trusted_ledger(settings: Settings) -> Ledger:
    """Returns the ledger of the home; only a sentence when it lacks events that are known, or has others.

    What a shortened history says, for example which version is stable, is not true: none of it is shown.
    """
    found = read_ledger(settings.history)
    if STOPPED in found.notices:  # its lines are told one by one
        return found
    try:
        doubt = _doubt(settings)
    except OSError as error:
        doubt = _unreadable(error)
    return Ledger(notices=(doubt,)) if doubt else found


def _unreadable(error: OSError) -> str:
    return f"The serving history cannot be read: {error.strerror}."


def _doubt(settings: Settings) -> str:
    """Returns why the history is refused; "" for a sound one. The same three files are judged once."""
    global _last_judged
    files = tuple(_content(path) for path in (settings.models_config, settings.history_copy, settings.history))
    judged, doubt = _last_judged
    if files != judged:
        refused = fault(settings)
        doubt = _told(refused, settings) if refused else ""
        _last_judged = files, doubt
    return doubt


def _told(refused: InputError, settings: Settings) -> str:
    why = f"{refused.must_hold}; found {refused.found}".replace(f"{settings.home}/", "")
    return f"The serving history is not whole, so nothing of it is shown: {why}. {RESTORE}"


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


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
