"""The history as a table: newest first, filtered, fifty events per page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sentiment.models_page.wording import text, when
from sentiment.results.events import NAMES, Adopted, AnyEvent, Moved

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

    def allows(self, event: AnyEvent) -> bool:
        """Tells whether the event is shown: name and version match exactly, `who` matches a part."""
        return (
            self.event in ("", event.name)
            and self.version in ("", str(event.version))
            and (not self.who or self.who.casefold() in text(event.who, 80).casefold())  # as the page shows it
        )


@dataclass(frozen=True)
class Row:
    """One event."""

    at: str
    event: str
    version: int
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


def history_page(events: Sequence[AnyEvent], filters: Filters) -> HistoryPage:
    """Returns one page of the events that the filters allow: the requested page, or the nearest one that exists."""
    found = [event for event in reversed(events) if filters.allows(event)]
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(1, int(filters.page) if filters.page.isdecimal() and len(filters.page) < 10 else 1), pages)
    rows = [row(event) for event in found[(page - 1) * PAGE : page * PAGE]]
    return HistoryPage(rows, len(found), page, pages, filters, list(NAMES))


def row(event: AnyEvent) -> Row:
    """Returns an event as the table shows it."""
    return Row(when(event.at), event.name, event.version, text(event.who, 80), text(event.told), _moved(event))


def _moved(event: AnyEvent) -> str:
    """Returns which version replaced which, `2 → 3`; "" for an event that moves no label."""
    if isinstance(event, Adopted):
        named = (("stable", event.stable), ("canary", event.canary))
        return ", ".join(f"{name} {version}" for name, version in named if version)
    if isinstance(event, Moved) and (event.from_ or event.to):
        return f"{event.from_ or 'none'} → {event.to or 'none'}"
    return ""
