"""Which canary is judged: the one that there is, since the event that made it one, beside the stable version."""

from __future__ import annotations

from sentiment.results.events import Adopted, Canary
from sentiment.results.probe import Term
from sentiment.serving.history import read_events, read_state
from sentiment.settings import Settings


def term_of(settings: Settings) -> Term | None:
    """Returns the canary, its event's time, and the stable version beside it; None without a canary."""
    state = read_state(settings)
    if state.canary is None:
        return None
    return Term(canary=state.canary, stable=state.stable, since=_since(settings, state.canary))


def _since(settings: Settings, version: int) -> str:
    """Returns when `version` became the canary, by the verb or by an adopted edit of models.config."""
    for event in reversed(read_events(settings.history)):
        made = event.canary if isinstance(event, Adopted) else event.version if isinstance(event, Canary) else None
        if made == version:
            return event.at
    return ""
