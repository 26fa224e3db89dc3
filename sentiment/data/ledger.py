"""The ledger of deliveries and accepted posts: one SQLite file, one transaction per delivery.

A delivery's number is the unit of the data watermark: a model that was trained at watermark 7 has seen deliveries
1 to 7. A post carries the number of the delivery that brought its current label.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sentiment import atomic
from sentiment.data.ledger_schema import set_up
from sentiment.data.tsv import Post

SECONDS_TO_WAIT = 600.0  # for another ingest's transaction
PAGE_CACHE_KIB = 262_144  # holds the index of identities of some ten million posts
LARGEST_IDLE_WAL = 64 << 20  # bytes that the write-ahead log may keep on disk between two transactions
IDENTITIES_A_QUERY = 10_000


@dataclass(frozen=True)
class Accepted:
    """A post of the ledger: the newest label of its text, and the delivery that brought it."""

    identity: str
    post: Post
    delivery: int
    rolling: bool


@dataclass
class Counts:
    """What became of a delivery's rows: `accepted` are new texts, `relabelled` are known ones with another label."""

    accepted: int = 0
    duplicate: int = 0
    relabelled: int = 0
    quarantined: int = 0

    def add(self, other: Counts) -> None:
        self.accepted += other.accepted
        self.duplicate += other.duplicate
        self.relabelled += other.relabelled
        self.quarantined += other.quarantined


@dataclass(frozen=True)
class Delivered:
    """A delivery as the ledger records it; `at` is when it was taken in (UTC, ISO 8601)."""

    number: int
    key: str
    hash: str
    at: str
    counts: Counts


class Ledger:
    """An open ledger; made by `opened`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.may_forget = True  # False when no text is to be forgotten: known only while nobody else can write

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Holds the only write transaction: a second writer waits, and an error undoes everything."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self.may_forget = bool(self._connection.execute("SELECT EXISTS (SELECT 1 FROM forgotten)").fetchone()[0])
            yield self._connection
        except BaseException:
            self._connection.rollback()
            raise
        finally:
            self.may_forget = True
        self._connection.commit()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yields a connection that sees the ledger as it stands now, whatever is delivered meanwhile."""
        self._connection.execute("BEGIN")
        try:
            yield self._connection
        finally:
            self._connection.rollback()

    def newest_hash(self, key: str) -> str | None:
        """Returns the content hash of the newest delivery of the file `key`."""
        query = "SELECT hash FROM deliveries WHERE key = ? ORDER BY number DESC LIMIT 1"
        row = self._connection.execute(query, (key,)).fetchone()
        return str(row[0]) if row else None

    def watermark(self) -> int:
        """Returns the largest delivery number, or 0 when there is none."""
        return int(self._connection.execute("SELECT COALESCE(MAX(number), 0) FROM deliveries").fetchone()[0])

    def deliveries(self) -> list[Delivered]:
        """Returns every delivery, oldest first."""
        query = "SELECT number, key, hash, at, accepted, duplicate, relabelled, quarantined FROM deliveries"
        rows = self._connection.execute(f"{query} ORDER BY number").fetchall()
        return [Delivered(number, key, digest, at, Counts(*counts)) for number, key, digest, at, *counts in rows]

    def labels_of(self, identities: Sequence[str]) -> dict[str, int]:
        """Returns the current labels of those texts that are in the ledger."""
        found: dict[str, int] = {}
        wanted = [bytes.fromhex(identity) for identity in identities]
        for start in range(0, len(wanted), IDENTITIES_A_QUERY):
            part = wanted[start : start + IDENTITIES_A_QUERY]
            query = f"SELECT identity, label FROM posts WHERE identity IN ({','.join('?' * len(part))})"
            found.update((identity.hex(), label) for identity, label in self._connection.execute(query, part))
        return found

    def is_forgotten(self, identity: str) -> bool:
        """Tells whether the text was deleted on request, so that it must not come in again."""
        if not self.may_forget:
            return False
        query = "SELECT 1 FROM forgotten WHERE identity = ?"
        return self._connection.execute(query, (bytes.fromhex(identity),)).fetchone() is not None

    def put(self, posts: Sequence[Accepted]) -> Counts:
        """Adds new texts and gives known ones their newest label; returns how many were which.

        The outcome is as if they came one after the other; the work is only one look-up and one insertion.
        """
        counts = Counts()
        present = self.labels_of([item.identity for item in posts])
        changed: dict[str, Accepted] = {}
        for item in posts:
            known = present.get(item.identity)
            if known == item.post.label:
                counts.duplicate += 1
                continue
            counts.accepted += known is None
            counts.relabelled += known is not None
            present[item.identity] = item.post.label
            changed[item.identity] = item
        # In the order of the index, so that each of its pages is touched once.
        self._upsert([changed[identity] for identity in sorted(changed)])
        return counts

    def _upsert(self, posts: Sequence[Accepted]) -> None:
        self._connection.executemany(
            "INSERT INTO posts (identity, text, title, label, source, delivery, rolling) VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (identity) DO UPDATE SET text = excluded.text, title = excluded.title,"
            " label = excluded.label, source = excluded.source, delivery = excluded.delivery,"
            " rolling = excluded.rolling",
            (
                (
                    bytes.fromhex(item.identity),
                    item.post.text,
                    item.post.title,
                    item.post.label,
                    item.post.source,
                    item.delivery,
                    int(item.rolling),
                )
                for item in posts
            ),
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

    def wait_for_readers(self) -> bool:
        """Waits until nobody reads an earlier state of the ledger; returns whether that was reached."""
        busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        return not busy

    def rebuild(self) -> None:
        """Rewrites the file from its contents, so that no deleted byte is left between its pages."""
        self._connection.execute("VACUUM")
        self.wait_for_readers()

    def posts(self) -> Iterator[Accepted]:
        """Yields every accepted post, oldest delivery first."""
        query = "SELECT identity, text, title, label, source, delivery, rolling FROM posts"
        for identity, text, title, label, source, delivery, rolling in self._connection.execute(
            f"{query} ORDER BY delivery, identity"
        ):
            yield Accepted(identity.hex(), Post(text, label, title, source), delivery, bool(rolling))


@contextmanager
def opened(path: Path) -> Iterator[Ledger]:
    """Opens the ledger at `path`; creates it when there is none, and updates an older format.

    Raises: InputError when `path` is something else.
    """
    connection: sqlite3.Connection | None = None
    try:
        # Changing to WAL does not wait for others as a transaction does: one opener at a time.
        with atomic.exclusive_lock(path.with_name(path.name + ".lock")):
            connection = sqlite3.connect(path, timeout=SECONDS_TO_WAIT, isolation_level=None)
            set_up(path, connection)
            for pragma in (
                "journal_mode = WAL",
                "synchronous = FULL",
                "secure_delete = ON",
                f"cache_size = -{PAGE_CACHE_KIB}",
                f"journal_size_limit = {LARGEST_IDLE_WAL}",
            ):
                connection.execute(f"PRAGMA {pragma}")
        yield Ledger(connection)
    finally:
        if connection is not None:
            connection.close()
