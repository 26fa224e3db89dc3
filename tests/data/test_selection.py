"""Which rows a model has seen: slices say exactly what is in them, however they are put together."""

from __future__ import annotations

import json
import sqlite3
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.data.selection import (
    Restriction,
    Slice,
    Slices,
    beyond,
    condition,
    seen_by,
    united,
    up_to,
    watermark_of,
)
from sentiment.errors import InputError
from sentiment.results.model_card import TrainedOn
from sentiment.results.record import as_json
from sentiment.text.taipei import night_of

SOURCES = ("", "論壇", "新聞")
SLICES = st.lists(
    st.builds(
        Slice,
        st.integers(1, 6),
        st.integers(1, 6),
        st.none() | st.lists(st.sampled_from(SOURCES), min_size=1).map(tuple),
    ),
    max_size=4,
).map(tuple)
ROWS = [(delivery, source) for delivery in range(8) for source in SOURCES]
# 17:30 in London is half past one of the next day in Taipei.
DELIVERED = [
    (1, "2026-11-01T17:30:00+00:00"),
    (2, "2026-11-02T17:30:00+00:00"),
    (3, "2026-11-02T18:00:00+00:00"),
    (4, "2026-11-04T17:30:00+00:00"),
]


def rows_in(slices: Slices) -> set[tuple[int, str]]:
    """Returns which of ROWS the SQL condition selects."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE posts (delivery, source)")
    connection.executemany("INSERT INTO posts VALUES (?, ?)", ROWS)
    wanted, parameters = condition(slices)
    found = set(connection.execute(f"SELECT delivery, source FROM posts WHERE {wanted}", parameters))
    connection.close()
    return found


@given(SLICES)
def test_the_condition_selects_what_the_slices_say(slices: Slices) -> None:
    assert rows_in(slices) == {
        (delivery, source)
        for delivery, source in ROWS
        if any(item.first <= delivery <= item.last and source in (item.sources or SOURCES) for item in slices)
    }


@given(SLICES, SLICES)
def test_a_union_holds_what_either_holds(one: Slices, other: Slices) -> None:
    assert rows_in(united(one, other)) == rows_in(one) | rows_in(other)


def remembered(seen: Slices) -> TrainedOn:
    """Returns what a model of these slices says of them."""
    return TrainedOn(watermark=watermark_of(seen), seen=beyond(seen))


@given(SLICES)
def test_a_model_says_what_it_has_seen_and_is_understood(slices: Slices) -> None:
    data = json.loads(json.dumps(as_json(remembered(united(slices, ())))))
    assert rows_in(seen_by(msgspec.convert(data, TrainedOn))) == rows_in(slices)
    whole = data["watermark"]
    assert {row for row in ROWS if 1 <= row[0] <= whole} <= rows_in(slices)


def test_full_runs_need_nothing_but_the_watermark() -> None:
    seen = united(united(up_to(2), (Slice(4, 4, ("論壇",)),)), up_to(5))
    assert as_json(remembered(seen)) == {"watermark": 5, "seen": []}
    assert as_json(remembered(())) == {"watermark": 0, "seen": []}
    assert watermark_of((Slice(2, 9),)) == 0


def test_a_model_from_elsewhere_has_seen_nothing() -> None:
    assert seen_by(TrainedOn()) == seen_by(TrainedOn(watermark=0)) == ()
    assert seen_by(TrainedOn(watermark=3)) == (Slice(1, 3),)


@pytest.mark.parametrize(
    ("since", "until", "deliveries"),
    [
        (None, None, [(1, 4)]),
        (date(2026, 11, 3), None, [(2, 4)]),
        (None, date(2026, 11, 2), [(1, 1)]),
        (date(2026, 11, 3), date(2026, 11, 3), [(2, 3)]),
        (date(2026, 11, 4), date(2026, 11, 4), []),
    ],
)
def test_days_are_those_of_taipei(since: date | None, until: date | None, deliveries: list[tuple[int, int]]) -> None:
    found = Restriction(since, until, ("論壇",)).slices(DELIVERED)
    assert found == tuple(Slice(first, last, ("論壇",)) for first, last in deliveries)


def test_a_clock_that_was_set_back_makes_several_ranges() -> None:
    delivered = [(1, "2026-11-02T01:00:00+00:00"), (2, "2026-11-09T01:00:00+00:00"), (3, "2026-11-02T02:00:00+00:00")]
    assert Restriction(until=date(2026, 11, 5)).slices(delivered) == (Slice(1, 1), Slice(3, 3))


def test_the_night_of_a_time() -> None:
    assert night_of("2026-11-02T15:59:59+00:00") == date(2026, 11, 2)
    assert night_of("2026-11-02T16:00:00+00:00") == date(2026, 11, 3)


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InputError, match="first day"):
        Restriction(date(2026, 11, 3), date(2026, 11, 2))
