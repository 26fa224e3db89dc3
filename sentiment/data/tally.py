"""How many rows were dealt, by all that is asked of them: `dealt` is read once for it, and each question reads little.

The table `tally` has a line for each kind, delivery, source and label, and for whether the rows are long enough to be
mixed in. Lines of the same may be there more than once: `rows` and `chosen` are sums.
"""

from __future__ import annotations

import sqlite3
from collections import Counter

from sentiment.data import sound_posts
from sentiment.data.selection import Slices, condition

TABLE = """CREATE TEMP TABLE tally (
    kind TEXT NOT NULL, delivery INTEGER NOT NULL, source TEXT NOT NULL, label INTEGER NOT NULL,
    is_long INTEGER NOT NULL, rows INTEGER NOT NULL, chosen INTEGER NOT NULL DEFAULT 0
)"""
ROWS_AT_ONCE = 10_000
MOST_LINES = 100_000  # that are held in memory: every row may have a source of its own


def tally(connection: sqlite3.Connection, minimum_characters: int) -> None:
    """Counts what was dealt; a row is long from so many characters on."""
    connection.execute(TABLE)
    rows = connection.execute("SELECT kind, delivery, source, label, characters >= ? FROM dealt", (minimum_characters,))
    # Grouping in SQLite would sort all the rows.
    lines = Counter[tuple[str, int, str, int, int]]()
    while block := rows.fetchmany(ROWS_AT_ONCE):
        lines.update(block)
        if len(lines) > MOST_LINES:
            _add(connection, lines)
            lines.clear()
    _add(connection, lines)


def _add(connection: sqlite3.Connection, lines: Counter[tuple[str, int, str, int, int]]) -> None:
    query = "INSERT INTO tally (kind, delivery, source, label, is_long, rows) VALUES (?, ?, ?, ?, ?, ?)"
    connection.executemany(query, ((*line, rows) for line, rows in lines.items()))


def count(connection: sqlite3.Connection, kind: str, labels: int, *, long: bool = False) -> list[int]:
    """Returns the number of texts of `kind` per label; only of those that are long enough, if asked for.

    Raises: InputError when any label is none of so many.
    """
    require_labels(connection, labels)
    counts = [0] * labels
    query = "SELECT label, sum(rows) FROM tally WHERE kind = ? AND is_long >= ? GROUP BY label"
    for label, number in connection.execute(query, (kind, long)):
        counts[label] = number
    return counts


def require_labels(connection: sqlite3.Connection, labels: int) -> None:
    """Raises: InputError when a text was dealt whose label is none of so many."""
    sound_posts.require_labels((label for (label,) in connection.execute("SELECT DISTINCT label FROM tally")), labels)


def contested(connection: sqlite3.Connection, seen: Slices) -> tuple[int, int]:
    """Returns how many texts are contested, and how many of them became so after `seen`."""
    known, parameters = condition(seen)
    query = f"SELECT coalesce(sum(rows), 0), coalesce(sum(rows * NOT {known}), 0) FROM tally WHERE kind = 'contested'"
    everything, new = connection.execute(query, parameters).fetchone()
    return everything, new
