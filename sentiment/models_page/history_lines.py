"""The lines of the serving history as events, and a notice for each line that is none, or must not be where it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sentiment import json_lines
from sentiment.errors import InputError
from sentiment.language import marked, tr
from sentiment.results.events import AnyEvent, parsed_event
from sentiment.serving.rules import apply, fold
from sentiment.serving.state import State

MOST_NOTICES = 10
STOPPED = marked("Until serving/history.jsonl is repaired, `sentiment` refuses to change what is served.")


@dataclass(frozen=True)
class Ledger:
    """Every readable event, oldest first, the state after them, and a sentence for each line that is not readable."""

    events: tuple[AnyEvent, ...] = ()
    state: State = field(default_factory=State)
    notices: tuple[str, ...] = ()


def parse(content: str) -> Ledger:
    """Returns the ledger of that content."""
    lines, torn = json_lines.parse(content)
    events, notices = [], []
    for line in lines:
        try:
            events.append((line.number, parsed_event(line.text)))
        except InputError as error:
            notices.append(
                tr(
                    "Line {line} of the serving history is not an event and is skipped: {error}.",
                    line=line.number,
                    error=f"{error.must_hold}; found {error.found}",
                )
            )
    state, refused = _state(events)
    notices = _few([*notices, *refused])
    if torn.strip():
        notices.append(
            tr(
                "The last line of the serving history is torn: the change was never confirmed, and the next change "
                "drops the line."
            )
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
            refused.append(
                tr(
                    "Line {line} of the serving history breaks the rules and is skipped: {error}",
                    line=number,
                    error=error,
                )
            )
    return state, refused


def _few(notices: list[str]) -> list[str]:
    if not notices:
        return []
    more = len(notices) - MOST_NOTICES
    others = [tr("… and {more:,} more such lines.", more=more)] if more > 0 else []
    return [*notices[:MOST_NOTICES], *others, tr(STOPPED)]
