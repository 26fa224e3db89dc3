"""How many rows were dealt: the same whatever is held in memory while they are counted."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.data import tally
from sentiment.data.composition import Base, load
from sentiment.data.draw import draw
from sentiment.data.ledger_schema import set_up
from sentiment.data.selection import Slice

KINDS = st.sampled_from(["new", "old", "later", "contested"])
ROWS = st.lists(st.tuples(KINDS, st.integers(0, 3), st.sampled_from("甲乙丙"), st.integers(0, 2), st.integers(0, 9)))
Rows = list[tuple[str, int, str, int, int]]


def dealt(connection: sqlite3.Connection, rows: Rows) -> None:
    set_up(Path("a ledger in memory"), connection)
    load(connection, Base([], [], []))
    connection.executemany(
        "INSERT INTO dealt (kind, delivery, source, label, characters, identity, titled) VALUES (?, ?, ?, ?, ?, ?, 0)",
        ((*row, number.to_bytes(16, "big")) for number, row in enumerate(rows)),
    )


@given(ROWS, st.integers(0, 9), st.sampled_from([1, 100]))
def test_every_row_is_counted_once(rows: Rows, minimum: int, most: int) -> None:
    with (
        pytest.MonkeyPatch.context() as patch,
        closing(sqlite3.connect(":memory:", isolation_level=None)) as connection,
    ):
        patch.setattr(tally, "MOST_LINES", most)
        patch.setattr(tally, "ROWS_AT_ONCE", 2)
        dealt(connection, rows)
        tally.tally(connection, minimum)
        for long in (False, True):
            wanted = Counter(row[3] for row in rows if row[0] == "old" and (row[4] >= minimum or not long))
            assert tally.count(connection, "old", 3, long=long) == [wanted[label] for label in range(3)]
        waiting = [row for row in rows if row[0] == "contested"]
        known = [row for row in waiting if row[1] <= 1 or (row[1] == 2 and row[2] == "甲")]
        found = tally.contested(connection, (Slice(0, 1), Slice(2, 2, ("甲",))))
        assert found == (len(waiting), len(waiting) - len(known))


@given(ROWS, st.none() | st.lists(st.integers(0, 5), min_size=3, max_size=3), st.integers(0, 9))
def test_what_is_drawn_is_tallied(rows: Rows, added: list[int] | None, minimum: int) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        dealt(connection, rows)
        tally.tally(connection, minimum)
        draw(connection, 7, added, minimum)
        groups = "kind, delivery, source, label"
        query = f"SELECT {groups}, count(*) FROM chosen JOIN dealt USING (number) GROUP BY {groups}"
        wanted = connection.execute(f"{query} ORDER BY {groups}").fetchall()
        query = f"SELECT {groups}, sum(chosen) FROM tally WHERE chosen > 0 GROUP BY {groups} ORDER BY {groups}"
        assert connection.execute(query).fetchall() == wanted
