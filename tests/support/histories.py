"""Histories as they are written: events as dicts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sentiment.results.events import event_of
from sentiment.serving.rules import fold
from sentiment.serving.state import State


def fold_of(entries: Iterable[dict[str, Any]]) -> State:
    """Returns the state after these events."""
    return fold(map(event_of, entries))
