"""`serving/history.jsonl`: the append-only ledger of every change to what is served.

The state is a fold over this ledger, and `models.config` is rendered from the state after every event. A crash at any
byte leaves the old state or the new one: a torn last line was never acknowledged, and the next writer drops it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sentiment import json_lines
from sentiment.errors import InputError
from sentiment.results.events import AnyEvent, parsed_event
from sentiment.serving.rules import fold
from sentiment.serving.state import State
from sentiment.settings import Settings


def read_events(path: Path) -> list[AnyEvent]:
    """Returns every whole event. Raises: InputError when a line that was acknowledged is none."""
    return [event for _, event in _numbered_events(path)]


def read_state(settings: Settings) -> State:
    """Returns the state according to the ledger. Raises: InputError when a line breaks the rules; it names the line."""
    events, number = _numbered_events(settings.history), 0

    def in_order() -> Iterator[AnyEvent]:
        nonlocal number
        for number, event in events:  # noqa: B007 - read below, when a rule refuses the event
            yield event

    try:
        return fold(in_order())
    except InputError as error:
        raise _broken_line(settings.history, number, f"{error.must_hold}; found {error.found}") from None


def _numbered_events(path: Path) -> list[tuple[int, AnyEvent]]:
    """Returns the events with the numbers of their lines."""
    return [(line.number, _event(path, line)) for line in json_lines.read(path)]


def _event(path: Path, line: json_lines.Line) -> AnyEvent:
    try:
        return parsed_event(line.text)
    except InputError as error:
        raise _broken_line(path, line.number, f"{error.must_hold}; found {error.found}") from None


def _broken_line(path: Path, number: int, problem: str) -> InputError:
    return InputError(
        f"every line of {path} must be an event that the lines above it allow",
        found=f"line {number}: {problem}",
        do="Restore the file from a backup, or correct that line.",
    )
