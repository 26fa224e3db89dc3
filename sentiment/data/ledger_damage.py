"""Whether a ledger is damaged, asked at each opening of its small tables, and of all of it when something went wrong.

Looking at all posts takes half a second for a million of them, a twentieth of what `ingest` and `prepare` take. So the
night does not: what a torn page does to a step ends as an error, and only then is the page looked for. `retract` and
`forget`, which people give, and which change what is past, look first.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sentiment.data import ledger_file, ledger_parts
from sentiment.serving import ledger_values

# What a step ends with that was given a value which nobody can have written, or a row of it was missing.
MAY_BE_DAMAGE = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError, sqlite3.Error)


def require_sound(connection: sqlite3.Connection, path: Path) -> None:
    """Raises: InputError, or sqlite3.DatabaseError, when a small table is damaged, or the file's last page is cut."""
    try:
        fault = (
            _cut(connection, path)
            or ledger_values.fault_of_small(connection)
            or ledger_values.fault_of_about(connection)
        )
    except UnicodeDecodeError:
        fault = ledger_values.NO_WORDS
    if fault:
        raise ledger_parts.damaged(path, fault)


def _cut(connection: sqlite3.Connection, path: Path) -> str:
    """Says when the file ends within a page: SQLite reads the rest of it as zeros.

    While the write-ahead log holds anything, it may hold that page, or somebody may be writing it.
    """
    page = connection.execute("PRAGMA page_size").fetchone()[0]
    left = 0 if _has_log(path) else path.stat().st_size % page
    return f"{left:,} of {page:,} bytes of the last page" if left and not _has_log(path) else ""


def _has_log(path: Path) -> bool:
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


def found_in(path: Path, *, quick: bool = False) -> str:
    """Returns what is wrong with a ledger that may be in use; "" when it is whole, or when nobody can tell now.

    It reads the whole file: minutes for ten million posts. If `quick`, seconds, but not the indexes and the values.
    """
    try:
        with closing(ledger_file.asked(path, in_use=True)) as connection:
            if quick:
                return ledger_values.of_check(connection, "quick_check(1)")
            found = ledger_values.of_check(connection, "integrity_check(1)")
            return found or ledger_values.fault_of_about(connection) or ledger_values.fault_of_all(connection)
    except UnicodeDecodeError:
        return ledger_values.NO_WORDS
    except sqlite3.DatabaseError as error:
        return str(error) if ledger_file.is_damage(error) else ""
