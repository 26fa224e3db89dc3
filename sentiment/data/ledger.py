"""The ledger of deliveries and accepted posts: one SQLite file, one transaction a delivery.

A delivery's number is the unit of the data watermark: a model that was trained at watermark 7 has seen deliveries
1 to 7. A post carries the number of the delivery that brought its present label.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sentiment import atomic
from sentiment.data.tsv import Post
from sentiment.errors import InputError

SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE deliveries (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL, hash TEXT NOT NULL, accepted INTEGER NOT NULL,
    duplicate INTEGER NOT NULL, relabelled INTEGER NOT NULL, quarantined INTEGER NOT NULL, at TEXT NOT NULL
);
CREATE INDEX deliveries_by_key ON deliveries (key);
CREATE TABLE posts (
    identity TEXT PRIMARY KEY, text TEXT NOT NULL, title TEXT NOT NULL, label INTEGER NOT NULL,
    source TEXT NOT NULL, delivery INTEGER NOT NULL REFERENCES deliveries (number), rolling INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX posts_by_delivery ON posts (delivery);
"""
SECONDS_TO_WAIT = 600.0  # for another ingest's transaction


@dataclass(frozen=True)
class Accepted:
    """A post of the ledger: the newest label of its text, and the delivery that brought it."""

    identity: str
    post: Post
    delivery: int
    rolling: bool


@dataclass
class Counts:
    """What became of a delivery's rows. `accepted` are new texts, `relabelled` known ones with another label."""

    accepted: int = 0
    duplicate: int = 0
    relabelled: int = 0
    quarantined: int = 0


class Ledger:
    """An open ledger; made by `opened`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Holds the one write transaction: a second writer waits; an error leaves nothing of it."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()

    def newest_hash(self, key: str) -> str | None:
        """Returns the content hash of the newest delivery of the file `key`."""
        query = "SELECT hash FROM deliveries WHERE key = ? ORDER BY number DESC LIMIT 1"
        row = self._connection.execute(query, (key,)).fetchone()
        return str(row[0]) if row else None

    def watermark(self) -> int:
        """Returns the largest delivery number, 0 when there is none."""
        return int(self._connection.execute("SELECT COALESCE(MAX(number), 0) FROM deliveries").fetchone()[0])

    def label_of(self, identity: str) -> int | None:
        """Returns the present label of a text, None when it is not in the ledger."""
        row = self._connection.execute("SELECT label FROM posts WHERE identity = ?", (identity,)).fetchone()
        return int(row[0]) if row else None

    def put(self, accepted: Accepted) -> None:
        """Adds a post, or gives a known text its newest label."""
        post = accepted.post
        values = (accepted.identity, post.text, post.title, post.label, post.source, accepted.delivery)
        self._connection.execute(
            "INSERT OR REPLACE INTO posts (identity, text, title, label, source, delivery, rolling)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*values, int(accepted.rolling)),
        )

    def record(self, number: int, key: str, content_hash: str, counts: Counts) -> None:
        """Adds the delivery's own row."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        numbers = (counts.accepted, counts.duplicate, counts.relabelled, counts.quarantined)
        self._connection.execute(
            "INSERT INTO deliveries (number, key, hash, accepted, duplicate, relabelled, quarantined, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (number, key, content_hash, *numbers, at),
        )

    def snapshot(self) -> tuple[list[Accepted], int]:
        """Returns every accepted post, oldest delivery first, and the watermark, both of one moment."""
        self._connection.execute("BEGIN")
        try:
            query = "SELECT identity, text, title, label, source, delivery, rolling FROM posts"
            rows = self._connection.execute(f"{query} ORDER BY delivery, identity").fetchall()
            watermark = self.watermark()
        finally:
            self._connection.rollback()
        posts = [
            Accepted(identity, Post(text, label, title, source), delivery, bool(rolling))
            for identity, text, title, label, source, delivery, rolling in rows
        ]
        return posts, watermark


@contextmanager
def opened(path: Path) -> Iterator[Ledger]:
    """Opens the ledger at `path`, making it when there is none. InputError when `path` is something else."""
    connection: sqlite3.Connection | None = None
    try:
        # Changing to WAL does not wait for others as a transaction does: one opener at a time.
        with atomic.exclusive_lock(path.with_name(path.name + ".lock")):
            connection = sqlite3.connect(path, timeout=SECONDS_TO_WAIT, isolation_level=None)
            _set_up(path, connection)
        yield Ledger(connection)
    finally:
        if connection is not None:
            connection.close()


def _set_up(path: Path, connection: sqlite3.Connection) -> None:
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
            version = SCHEMA_VERSION
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        raise InputError(
            f"{path} must be the ledger of posts", found=str(error), do="Restore it from a backup, or move it away."
        ) from None
    if version != SCHEMA_VERSION:
        raise InputError(
            f"{path} must be a ledger of format {SCHEMA_VERSION}",
            found=f"format {version}",
            do="Use the version of sentiment that wrote it.",
        )
