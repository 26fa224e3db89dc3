"""Which time a version is the canary: an answer about one time is none about another."""

from __future__ import annotations

from collections.abc import Iterable

from sentiment.results.events import Adopted, AnyEvent, Canary


def candidacies(events: Iterable[AnyEvent], version: int) -> int:
    """Returns how many times a version has become the canary, by command or by hand."""
    return sum(
        event.version == version if isinstance(event, Canary) else event.canary == version
        for event in events
        if isinstance(event, Canary | Adopted)
    )
