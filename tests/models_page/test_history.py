"""The history's table: newest first, filtered by event, version and who, fifty a page."""

from __future__ import annotations

import pytest
from support import models_page_homes as homes

from sentiment.models_page.history import Filters, history_page

MAILED = homes.event("staged", 3, who="eve@example.com")
EVENTS = homes.typed(
    [
        MAILED,
        *homes.three_versions(),
        homes.event("withdrawn", 3, 40, who="Bob <b>", why="worse", **{"from": 3, "to": None}),
    ]
)
MANY = homes.typed([homes.published(number) for number in range(1, 121)])


def test_the_newest_event_comes_first_with_who_why_and_what_moved() -> None:
    first = history_page(EVENTS, Filters()).rows[0]
    assert (first.event, first.version, first.who, first.why) == ("withdrawn", 3, "Bob <b>", "worse")
    assert first.moved == "canary: version 3 → none" and first.at == "2026-11-23 02:40"


def test_the_events_are_told_in_words() -> None:
    events = homes.typed(
        [
            homes.event("staged", 1),
            homes.event("canary", 1, **{"from": None, "to": 1}),
            homes.event("promoted", 1, **{"from": None, "to": 1}),
            homes.event("staged", 2),
            homes.event("unstaged", 2, error="no memory"),
            homes.event("rolled_back", 1, **{"from": 2, "to": 1}),
            homes.event("staged", 3),
        ]
    )
    shown = [(row.event, row.moved) for row in reversed(history_page(events, Filters()).rows)]
    assert shown == [
        ("loaded on servers", ""),
        ("canary", "canary: none → version 1"),
        ("promoted", "stable: none → version 1"),
        ("loading on servers", ""),  # it was not loaded, as the next one says
        ("not loaded", ""),
        ("stable again", "stable: version 2 → version 1"),
        ("loading on servers", ""),
    ]
    assert history_page(events, Filters()).names["rolled_back"] == "stable again"
    assert history_page(events, Filters(event="rolled_back")).found == 1  # addresses name it as the history does


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, 13),
        ({"event": "promoted"}, 2),
        ({"version": "3"}, 5),
        ({"version": " 3 "}, 5),
        ({"who": "bob"}, 1),
        ({"event": "published", "version": "2", "who": "ann"}, 1),
        ({"event": "<script>"}, 0),
        ({"version": "three"}, 0),
        ({"version": "³"}, 0),
        ({"unknown": "x"}, 13),
        ({"who": "eve@example.com"}, 1),
    ],
)
def test_filters(query: dict[str, str], found: int) -> None:
    assert history_page(EVENTS, Filters.asked(query)).found == found


@pytest.mark.parametrize(
    ("page", "shown", "rows"),
    [("1", 1, 50), ("3", 3, 20), ("99", 3, 20), ("0", 1, 50), ("-1", 1, 50), ("x", 1, 50), ("9" * 50, 1, 50)],
)
def test_pages(page: str, shown: int, rows: int) -> None:
    found = history_page(MANY, Filters(page=page))
    assert (found.page, found.pages, len(found.rows)) == (shown, 3, rows)


def test_newer_and_older_keep_the_filters() -> None:
    found = history_page(MANY, Filters(who="ann", page="2"))
    assert found.newer == {"who": "ann", "page": "1"} and found.older == {"who": "ann", "page": "3"}


def test_an_adopted_edit_tells_its_labels() -> None:
    adopted = homes.event("adopted", 2, stable=2, canary=3, **{"from": {"stable": 1}})
    assert history_page(homes.typed([adopted]), Filters()).rows[0].moved == "stable: version 2, canary: version 3"


@pytest.mark.parametrize("hostile", [homes.EVIL, "\x00\x1b[31m", "x" * 9000])
def test_a_strangers_words_are_shown_as_one_harmless_line(hostile: str) -> None:
    (found,) = homes.typed([homes.event("unstaged", 1, at=hostile, who=hostile, error=hostile)])
    row = history_page([found], Filters()).rows[0]
    assert row.version == 1 and row.event == "not loaded"
    assert all(told.isprintable() and len(told) <= 2001 for told in (row.at, row.who, row.why))
