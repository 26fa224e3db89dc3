"""The history as a table: newest first, filtered, fifty events per page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sentiment.models_page.wording import is_count, text, when
from sentiment.serving.rules import RULES

PAGE = 50
FILTERS = ("event", "version", "who")


@dataclass(frozen=True)
class Filters:
    """What the table is limited to; "" does not limit it. The values are the request's own, and may be anything."""

    event: str = ""
    version: str = ""
    who: str = ""
    page: str = "1"

    @classmethod
    def asked(cls, query: Mapping[str, str]) -> Filters:
        """Reads the filters from a page's query parameters and ignores all others."""
        return cls(**{name: text(query[name], 80).strip() for name in (*FILTERS, "page") if name in query})

    def query(self, page: int) -> dict[str, str]:
        """Returns the query parameters of page `page` of the same table."""
        return {name: getattr(self, name) for name in FILTERS if getattr(self, name)} | {"page": str(page)}

    def allows(self, event: Mapping[str, Any]) -> bool:
        """Tells whether the event is shown: name and version match exactly, `who` matches a part."""
        version = event.get("version")
        return (
            self.event in ("", event.get("event"))
            and self.version in ("", str(version) if is_count(version) else None)
            and (not self.who or self.who.casefold() in text(event.get("who"), 80).casefold())  # as the page shows it
        )


@dataclass(frozen=True)
class Row:
    """One event. `version` is None when the event names no version that can have a page."""

    at: str
    event: str
    version: int | None
    who: str
    why: str
    moved: str


@dataclass(frozen=True)
class HistoryPage:
    """One page of the table. Pages count from 1."""

    rows: list[Row]
    found: int
    page: int
    pages: int
    filters: Filters
    names: list[str]  # of events, for the filter

    @property
    def newer(self) -> dict[str, str] | None:
        return self.filters.query(self.page - 1) if self.page > 1 else None

    @property
    def older(self) -> dict[str, str] | None:
        return self.filters.query(self.page + 1) if self.page < self.pages else None


def history_page(events: Sequence[Mapping[str, Any]], filters: Filters) -> HistoryPage:
    """Returns one page of the events that the filters allow: the requested page, or the nearest one that exists."""
    found = [event for event in reversed(events) if filters.allows(event)]
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(1, int(filters.page) if filters.page.isdecimal() and len(filters.page) < 10 else 1), pages)
    rows = [row(event) for event in found[(page - 1) * PAGE : page * PAGE]]
    return HistoryPage(rows, len(found), page, pages, filters, list(RULES))


def row(event: Mapping[str, Any]) -> Row:
    """Returns an event as the table shows it."""
    version = event.get("version")
    return Row(
        when(event.get("at")),
        text(event.get("event"), 40),
        version if is_count(version) else None,
        text(event.get("who"), 80),
        why_of(event),
        _moved(event),
    )


def why_of(event: Mapping[str, Any]) -> str:
    """Returns the reason or the error that an event records."""
    return " · ".join(filter(None, (text(event.get(name)) for name in ("why", "error"))))


def _moved(event: Mapping[str, Any]) -> str:
    """Returns which version replaced which, `2 → 3`; "" for an event that moves no label."""
    if event.get("event") == "adopted":
        return _labels(event)
    ends = [event.get(name) for name in ("from", "to")]
    if all(end is None or is_count(end) for end in ends) and any(ends):
        return " → ".join("none" if end is None else str(end) for end in ends)
    return ""


def _labels(event: Mapping[str, Any]) -> str:
    named: Iterable[str] = (f"{name} {event[name]}" for name in ("stable", "canary") if is_count(event.get(name)))
    return ", ".join(named)
