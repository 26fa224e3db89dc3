"""The deliveries that are retracted, at a glance: for a page, which waits for nobody."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from sentiment.data import ledger_file
from sentiment.serving import retractions
from sentiment.serving.retractions import Retraction


def glanced(path: Path) -> tuple[list[Retraction], dict[int, str]]:
    """Returns every retraction and undoing, oldest first, and the files' names of their deliveries.

    It makes no file, and takes no longer in a large ledger. One of an older format has
    none. Raises: InputError when the ledger is damaged, sqlite3.Error when it is busy.
    """
    if not path.is_file():
        return [], {}
    with ledger_file.told(path), closing(ledger_file.glance(path)) as connection:
        retractions.require_values(connection, path)
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'retractions'").fetchone():
            return [], {}
        found = retractions.changes(connection)
        query = "SELECT number, key FROM deliveries WHERE number IN (SELECT delivery FROM retractions)"
        return found, dict(connection.execute(query).fetchall())
