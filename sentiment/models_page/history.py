"""The history as a table: newest first, filtered, fifty events per page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sentiment.language import marked, recorded, tr
from sentiment.mail.approval import NOBODY
from sentiment.models_page.wording import text, when
from sentiment.results.events import NAMES, Adopted, AnyEvent, Canary, Moved, Published, Staged, Unstaged, Withdrawn

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
            and (not self.who or self.who.casefold() in f"{text(event.who, 80)}\n{who_of(event)}".casefold())
        )


WORDS = {
    "published": marked("published"),
    "staged": marked("loading on servers"),
    "unstaged": marked("not loaded"),
    "canary": marked("canary"),
    "promoted": marked("promoted"),
    "withdrawn": marked("withdrawn"),
    "rolled_back": marked("stable again"),
    "adopted": marked("adopted from an edit"),
    "pruned": marked("files removed"),
}
LOADED = marked("loaded on servers")
WATCH = "sentiment watch"  # who withdraws a canary whose probes are bad
OURS = (marked("nobody"), marked("the nightly run"))  # who did something, when it was no person
AGAIN = ", started again by somebody"  # behind whose run it was


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
    names: dict[str, str]  # of events, for the filter: as the history has them → as the table shows them

    @property
    def newer(self) -> dict[str, str] | None:
        return self.filters.query(self.page - 1) if self.page > 1 else None

    @property
    def older(self) -> dict[str, str] | None:
        return self.filters.query(self.page + 1) if self.page < self.pages else None


def history_page(events: Sequence[AnyEvent], filters: Filters) -> HistoryPage:
    """Returns one page of the events that the filters allow: the requested page, or the nearest one that exists."""
    found = newest_first(events, filters.allows)
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(1, int(filters.page) if filters.page.isdecimal() and len(filters.page) < 10 else 1), pages)
    rows = [row(*one) for one in found[(page - 1) * PAGE : page * PAGE]]
    return HistoryPage(rows, len(found), page, pages, filters, {name: tr(WORDS[name]) for name in NAMES})


def newest_first(
    events: Sequence[AnyEvent], allows: Callable[[AnyEvent], bool]
) -> list[tuple[AnyEvent, AnyEvent | None]]:
    """Returns the events that are allowed, newest first, each with what happened next to the same version."""
    found, after = [], dict[int, AnyEvent]()
    for event in reversed(events):
        if allows(event):
            found.append((event, after.get(event.version)))
        after[event.version] = event
    return found


def row(event: AnyEvent, after: AnyEvent | None = None) -> Row:
    """Returns an event as the table shows it; `after` is the next one about the same version.

    Only that one tells whether a version that servers were told to load was loaded.
    """
    loaded = isinstance(event, Staged) and after is not None and not isinstance(after, Unstaged)
    name = tr(LOADED if loaded else WORDS[event.name])
    return Row(when(event.at), name, event.version, who_of(event), why_of(event), _moved(event))


def why_of(event: AnyEvent) -> str:
    """Returns the reason that an event keeps: the system's own in the reader's language, a person's as it is."""
    if isinstance(event, Published | Unstaged) or event.who in (WATCH, NOBODY):
        return text(" · ".join(recorded(part) for part in event.told.split(" · ")))
    return text(event.told)


def who_of(event: AnyEvent) -> str:
    """Returns who did it."""
    who = text(event.who, 80)
    name = who.removesuffix(AGAIN)
    told = tr(name) if name in OURS else name
    return told if name == who else tr("{who}, started again by somebody", who=told)


def _moved(event: AnyEvent) -> str:
    """Returns which version replaced which, `stable: version 2 → version 3`; "" for an event that moves no label."""
    if isinstance(event, Adopted):
        named = (("stable", event.stable), ("canary", event.canary))
        return tr(", ").join(
            tr("{label}: {version}", label=tr(label), version=_named(version)) for label, version in named if version
        )
    if isinstance(event, Moved) and (event.from_ or event.to):
        label = "canary" if isinstance(event, Canary | Withdrawn) else "stable"
        return tr("{label}: {before} → {after}", label=tr(label), before=_named(event.from_), after=_named(event.to))
    return ""


def _named(version: int | None) -> str:
    return tr("version {version}", version=version) if version else tr("none")
