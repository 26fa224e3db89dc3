"""Whether the ledger's tables hold what can have been written there: SQLite itself keeps neither types nor times.

A crash of the machine, or a disk that fails, leaves pages of zeros or of other bytes. What SQLite makes of such a page
can be a row of a wrong kind, or one row less, and no error.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

# They say what becomes of all others, and are small, so they are looked at whenever somebody opens the ledger.
SMALL = ("about", "deliveries", "retractions", "forgotten", "decisions")
NO_WORDS = "bytes that are no text"  # where SQLite quotes what it found, and Python cannot
KINDS = frozenset({"INTEGER", "TEXT"})  # a BLOB column keeps whatever it is given
ABOUT = {"salt": "blob", "identity": "integer", "statements": "integer"}  # of a ledger of the present format


def fault_of_small(connection: sqlite3.Connection) -> str:
    """Returns what is wrong with the small tables that a ledger of any format has; "" when they are whole.

    Raises: as `fault_of` does.
    """
    there = _tables(connection)
    return next(filter(None, (fault_of(connection, table) for table in SMALL if table in there)), "")


def fault_of_about(connection: sqlite3.Connection) -> str:
    """Returns what is missing of what a ledger of the present format says about itself; "" when nothing is."""
    kinds = dict(connection.execute("SELECT name, typeof(value) FROM about WHERE length(value)"))
    return next((f"no {name} in about" for name, kind in ABOUT.items() if kinds.get(name) != kind), "")


def fault_of_all(connection: sqlite3.Connection) -> str:
    """Returns what is wrong with any value of any table; "" when nothing is. It reads the whole ledger.

    Raises: as `fault_of` does.
    """
    for table in sorted(_tables(connection)):
        if fault := _fault_of_values(connection, table):
            return fault
        for _ in connection.execute(f"SELECT * FROM {table}"):
            pass  # a text that is no UTF-8 is an error
    orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
    return f"a row of {orphan[0]} without its row of {orphan[2]}" if orphan else ""


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


def _fault_of_values(connection: sqlite3.Connection, table: str) -> str:
    columns = [(name, kind) for _, name, kind, *_ in connection.execute(f"PRAGMA table_info('{table}')")]
    wrong = " OR ".join(_wrong(columns))
    row = connection.execute(f"SELECT 1 FROM {table} WHERE {wrong} LIMIT 1").fetchone() if wrong else None
    return f"a value of a wrong kind in {table}" if row else ""


def _wrong(columns: Iterable[tuple[str, str]]) -> Iterable[str]:
    """Yields the conditions that no row may meet. That a value is there at all, SQLite's own check says."""
    for name, kind in columns:
        if kind in KINDS:
            yield f"typeof({name}) NOT IN ('{kind.lower()}', 'null')"
        if name == "at":
            # A bare number is a time for SQLite, too. Where nobody knew the time, there is an empty text.
            yield "at <> '' AND (at NOT GLOB '*-*-*T*' OR datetime(at) IS NULL)"
        if name == "number":
            yield "number < 1"


def _tables(connection: sqlite3.Connection) -> set[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return {name for (name,) in connection.execute(query)}
