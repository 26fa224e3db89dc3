"""`serving/history.jsonl`: the append-only ledger of every change to what is served.

The state is a fold over this ledger, and `models.config` is rendered from the state after every event. A crash at any
byte leaves the old state or the new one: a torn last line was never acknowledged, and the next writer drops it.

A ledger that was emptied, cut or changed is refused: its events are chained (`chain`), `models.config` names the event
that it was made from, and a copy is kept beside it (`history_copy`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sentiment import json_lines
from sentiment.errors import InputError
from sentiment.json_lines import Line
from sentiment.results.events import AnyEvent, parsed_event
from sentiment.serving import chain, made_from
from sentiment.serving.chain import Tip
from sentiment.serving.rules import fold
from sentiment.serving.state import State
from sentiment.settings import Settings

RESTORE = "Restore it with `sentiment status --restore-history`; nothing has changed."


def read_events(path: Path) -> list[AnyEvent]:
    """Returns every whole event. Raises: InputError when a line that was acknowledged is none."""
    return [_event(path, line) for line in json_lines.read(path)]


def read_state(settings: Settings) -> State:
    """Returns the state according to the ledger.

    Raises: InputError when a line breaks the rules (it names the line), or when the ledger lacks an event that its copy
    or `models.config` knows.
    """
    written = _written(settings)
    state = _folded(settings.history, written.lines)
    _require_chained(settings, written)
    return state._replace(tip=written.ends[-1])


def tips_of(copy: Path) -> list[Tip]:
    """Returns the tips of the history's copy; none when there is no copy, or a broken one."""
    lines = json_lines.read(copy)
    ends = chain.tips(lines)
    return [] if chain.broken_at(lines, ends) or any(line.value is None for line in lines) else ends


def fault(settings: Settings, *, folded: bool = False) -> InputError | None:
    """Returns why the history is refused, or None. Of one whose events are known to fold, only the chain is asked."""
    try:
        if folded:
            _require_chained(settings, _written(settings))
        else:
            read_state(settings)
    except InputError as error:
        return error
    return None


class _Written(NamedTuple):
    """The lines of the history, the tip after each, and what `models.config` and the copy know of them."""

    lines: list[Line]
    ends: list[Tip]
    source: Tip
    copied: list[Tip]


def _written(settings: Settings) -> _Written:
    # These are written after the history, so they are read before it: an event between the two reads is no fault.
    source, copied = made_from.read_tip(settings.models_config), tips_of(settings.history_copy)
    lines = json_lines.read(settings.history)
    return _Written(lines, chain.tips(lines), source, copied)


def _folded(path: Path, lines: list[Line]) -> State:
    events, number = [(line.number, _event(path, line)) for line in lines], 0

    def in_order() -> Iterator[AnyEvent]:
        nonlocal number
        for number, event in events:  # noqa: B007 - read below, when a rule refuses the event
            yield event

    try:
        return fold(in_order())
    except InputError as error:
        raise _broken_line(path, number, f"{error.must_hold}; found {error.found}") from None


def _require_chained(settings: Settings, written: _Written) -> None:
    if broken := chain.broken_at(written.lines, written.ends):
        raise InputError(
            f"every event of {settings.history} must name the one before it",
            found=f"line {broken}, which names another: a line above it was changed, added or removed",
            do=RESTORE,
        )
    if lost := chain.missing(written.ends, written.source, written.copied):
        _refuse(settings, written.ends, lost, by_config=lost == written.source)


def _refuse(settings: Settings, ends: list[Tip], lost: Tip, by_config: bool) -> None:
    known_by = settings.models_config if by_config else settings.history_copy
    shorter = f"{len(ends) - 1} events" if len(ends) <= lost.number else f"another event {lost.number}"
    raise InputError(
        f"{settings.history} must hold the {lost.number} events that {known_by} knows", found=shorter, do=RESTORE
    )


def _event(path: Path, line: Line) -> AnyEvent:
    try:
        return parsed_event(line.text)
    except InputError as error:
        raise _broken_line(path, line.number, f"{error.must_hold}; found {error.found}") from None


def _broken_line(path: Path, number: int, problem: str) -> InputError:
    return InputError(
        f"every line of {path} must be an event that the lines above it allow",
        found=f"line {number}: {problem}",
        do=RESTORE,
    )
