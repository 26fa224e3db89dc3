"""The parts of a ledger's file, its tables, their columns and its indexes; and the line about one that is damaged.

One flipped bit of the file's header makes another format of it, and one lost row of the schema a table less: the pages
are whole, so SQLite's own check finds nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Set
from pathlib import Path

from sentiment.errors import FROM_A_BACKUP, InputError

# A column is named with its table. What SQLite adds by itself, for a table's key or for statistics, is no part.
PARTS = """SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' UNION ALL
    SELECT one.name || '.' || part.name FROM sqlite_master AS one, pragma_table_info(one.name) AS part
    WHERE one.type = 'table'"""
# Nobody makes these: they would do something else at each change, or show other rows.
STRANGE = "SELECT type || ' ' || name FROM sqlite_master WHERE type NOT IN ('table', 'index') LIMIT 1"


def damaged(path: Path, found: str) -> InputError:
    """Returns the line about a damaged ledger."""
    return InputError(f"the ledger {path} must be whole", found=f"damage ({found})", do=FROM_A_BACKUP)


def file_of(connection: sqlite3.Connection) -> Path:
    """Returns the ledger's file that a connection is to."""
    return Path(connection.execute("PRAGMA database_list").fetchone()[2])


def of(connection: sqlite3.Connection) -> frozenset[str]:
    """Returns the names of a ledger's tables, columns and indexes."""
    return frozenset(name for (name,) in connection.execute(PARTS))


def fault(connection: sqlite3.Connection, version: int, own: Set[str], later: Set[str]) -> str:
    """Returns what a ledger of the format `version` lacks of its `own` parts, or has of `later` ones; "" when neither.

    Tables beside the ledger's own are made when they are needed.
    """
    there = of(connection)
    if strange := connection.execute(STRANGE).fetchone():
        return f"a {strange[0]}"
    if early := sorted(there & later):
        return f"format {version} with {early[0]}, which later formats have"
    lost = sorted(own - there)
    return f"no {lost[0]}" if lost else ""
