"""Whether the ledger's tables hold what can have been written there: SQLite itself keeps neither types nor times.

A crash of the machine, or a disk that fails, leaves pages of zeros or of other bytes. What SQLite makes of such a page
can be a row of a wrong kind, or one row less, and no error.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

# They say what becomes of all others, and are small, so they are looked at whenever somebody opens the ledger. Each is
# there from a format on.
SMALL = {"about": 3, "deliveries": 1, "retractions": 4, "forgotten": 2, "decisions": 3}
OF_DELIVERIES = (("retractions", "delivery"), ("retractions", "number"), ("decisions", "delivery"))
# Of all posts, that is asked only where they are read. Without its last rows, numbers would be given again.
LAST = """SELECT delivery FROM (SELECT delivery FROM posts ORDER BY delivery DESC LIMIT 1)
    WHERE delivery NOT IN (SELECT number FROM deliveries)"""
NO_WORDS = "bytes that are no text"  # where SQLite quotes what it found, and Python cannot
KINDS = frozenset({"INTEGER", "TEXT"})  # a BLOB column keeps whatever it is given
# What no value of a column can be, of whatever table: see `sentiment.data.claims` and `identity`.
CANNOT_BE = {
    **dict.fromkeys(("number", "delivery"), "< 1"),
    **dict.fromkeys(("accepted", "duplicate", "relabelled", "quarantined", "disagreed", "bytes", "label"), "< 0"),
    **dict.fromkeys(("rolling", "undone"), "NOT IN (0, 1)"),
    "standing": "NOT IN (0, 1, 2, 3)",
    "version": "NOT IN (1, 2)",
}
OF_TEXTS = ("forgotten", "earlier")  # the other identities are those of posts: a text's, and a title's behind it
OF_A_TEXT, OF_A_POST = "(16)", "(16, 32)"  # bytes
NO_REASONS = "json_valid(reasons) = 0 OR EXISTS (SELECT 1 FROM json_each(reasons) WHERE type <> 'integer')"
# A text that was said more than once, or by two, has a row, or what is left of it while its deliveries are retracted.
ROWS_OF_POSTS = (
    ("statements", ("posts", "set_aside"), "identity", "identity"),
    ("claims", ("posts",), "identity", "identity"),
)
# What a ledger of the present format says about itself. The salt of a demo is short.
ABOUT = {
    "salt": "typeof(value) = 'blob' AND length(value) >= 4 AND value <> zeroblob(length(value))",
    "identity": "value = 2",
    "statements": "typeof(value) = 'integer' AND value BETWEEN 0 AND (SELECT coalesce(max(number), 0) FROM deliveries)",
}


def fault_of_small(connection: sqlite3.Connection) -> str:
    """Returns what is wrong with the small tables that a ledger of any format has; "" when they are whole.

    Raises: as `fault_of` does.
    """
    version, there = connection.execute("PRAGMA user_version").fetchone()[0], _tables(connection)
    if not version:
        return "no ledger of posts"
    if lost := [table for table, since in SMALL.items() if since <= version and table not in there]:
        return f"no table {lost[0]}"
    faults = (fault_of(connection, table) for table in SMALL if table in there)
    orphans = (_orphan(connection, one, ("deliveries",), name, "number") for one, name in OF_DELIVERIES if one in there)
    if found := next(filter(None, (*faults, *orphans)), ""):
        return found
    last = connection.execute(LAST).fetchone()
    return f"posts of delivery {last[0]} without its row of deliveries" if last else ""


def fault_of_about(connection: sqlite3.Connection) -> str:
    """Returns what is missing of what a ledger of the present format says about itself; "" when nothing is."""
    for name, holds in ABOUT.items():
        if not connection.execute(f"SELECT 1 FROM about WHERE name = ? AND {holds}", (name,)).fetchone():
            return f"no {name} in about that can have been written"
    return ""


def fault_of_all(connection: sqlite3.Connection) -> str:
    """Returns what is wrong with any value of any table; "" when nothing is. It reads the whole ledger.

    Raises: as `fault_of` does.
    """
    there = _tables(connection)
    for table in sorted(there):
        if fault := _fault_of_values(connection, table):
            return fault
        for _ in connection.execute(f"SELECT * FROM {table}"):
            pass  # a text that is no UTF-8 is an error
    lost = connection.execute("PRAGMA foreign_key_check").fetchone()
    orphans = (_orphan(connection, *one) for one in ROWS_OF_POSTS if there >= {one[0], *one[1]})
    return f"a row of {lost[0]} without its row of {lost[2]}" if lost else next(filter(None, orphans), "")


def fault_of(connection: sqlite3.Connection, table: str) -> str:
    """Returns what is wrong with one table; "" when it is whole.

    Raises: sqlite3.DatabaseError, or UnicodeDecodeError where SQLite quotes damage, when it cannot be read at all.
    """
    return of_check(connection, f"quick_check('{table}')") or _fault_of_values(connection, table)


def of_check(connection: sqlite3.Connection, check: str) -> str:
    """Returns the first thing that one of SQLite's own checks finds; "" when it finds nothing."""
    found = str(connection.execute(f"PRAGMA {check}").fetchone()[0])
    first = next((line for line in found.splitlines() if not line.startswith("***")), found)  # a heading
    return "" if first == "ok" else first


def _orphan(connection: sqlite3.Connection, table: str, parents: Sequence[str], column: str, key: str) -> str:
    """Says when a row of `table` has a value that is in none of its `parents`."""
    rows = " AND ".join(f"{column} NOT IN (SELECT {key} FROM {parent})" for parent in parents)
    found = connection.execute(f"SELECT 1 FROM {table} WHERE {rows} LIMIT 1").fetchone()
    return f"a row of {table} without its row of {' or '.join(parents)}" if found else ""


def _fault_of_values(connection: sqlite3.Connection, table: str) -> str:
    columns = [(name, kind) for _, name, kind, *_ in connection.execute(f"PRAGMA table_info('{table}')")]
    wrong = " OR ".join(f"({one})" for one in _wrong(table, columns))
    row = connection.execute(f"SELECT 1 FROM {table} WHERE {wrong} LIMIT 1").fetchone() if wrong else None
    return f"a value of a wrong kind in {table}" if row else ""


def _wrong(table: str, columns: Iterable[tuple[str, str]]) -> Iterable[str]:
    """Yields the conditions that no row may meet. That a value is there at all, SQLite's own check says."""
    for name, kind in columns:
        if kind in KINDS:
            yield f"typeof({name}) NOT IN ('{kind.lower()}', 'null')"
        if name in CANNOT_BE:
            yield f"{name} {CANNOT_BE[name]}"
        if name == "at":
            # A bare number is a time for SQLite, too. Where nobody knew the time, there is an empty text.
            yield "at <> '' AND (at NOT GLOB '*-*-*T*' OR datetime(at) IS NULL)"
        if (name, kind) == ("identity", "BLOB"):  # of format 1 it is a text
            lengths = OF_A_TEXT if table in OF_TEXTS else OF_A_POST
            yield f"typeof(identity) <> 'blob' OR length(identity) NOT IN {lengths}"
        if name == "reasons":
            yield NO_REASONS


def _tables(connection: sqlite3.Connection) -> set[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return {name for (name,) in connection.execute(query)}
