"""`serving/history.jsonl`: the append-only ledger of every change to what is served.

The state is a fold over this ledger, and `models.config` is rendered from the state after every event. A crash at any
byte leaves the old state or the new one: a torn last line was never acknowledged, and the next writer drops it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sentiment.errors import InputError
from sentiment.serving.rules import fold
from sentiment.serving.state import State
from sentiment.settings import Settings


def read_events(path: Path) -> list[dict[str, Any]]:
    """Returns every whole event. Raises: InputError when a line that was acknowledged is not JSON."""
    return [event for _, event in _numbered_events(path)]


def read_state(settings: Settings) -> State:
    """Returns the state according to the ledger. Raises: InputError when a line breaks the rules; it names the line."""
    events, number = _numbered_events(settings.history), 0

    def in_order() -> Iterator[dict[str, Any]]:
        nonlocal number
        for number, event in events:  # noqa: B007 - read below, when a rule refuses the event
            yield event

    try:
        return fold(in_order())
    except InputError as error:
        raise _broken_line(settings.history, number, f"{error.must_hold}; found {error.found}") from None


def _numbered_events(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Returns the events with the numbers of their lines; a torn last line was never acknowledged."""
    if not path.exists():
        return []
    *lines, _torn = path.read_text(encoding="utf-8", errors="replace").split("\n")
    return [(number, _parse(path, number, line)) for number, line in enumerate(lines, 1) if line.strip()]


def _parse(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        raise _broken_line(path, number, f"no JSON object: {line[:80]!r}")
    return event


def _broken_line(path: Path, number: int, problem: str) -> InputError:
    return InputError(
        f"every line of {path} must be an event that the lines above it allow",
        found=f"line {number}: {problem}",
        do="Restore the file from a backup, or correct that line.",
    )
