"""The ledger of deliveries and accepted posts: one SQLite file, one transaction per delivery.

A delivery's number is the unit of the data watermark: a model that was trained at watermark 7 has seen deliveries
1 to 7. A post carries the number of the delivery that brought its present label, or made it contested.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sentiment import atomic
from sentiment.data import ledger_damage, ledger_file, ledger_parts
from sentiment.data.claims import CONTESTED, PLAIN
from sentiment.data.identity import RULES
from sentiment.data.ledger_batch import Accepted, Batch, Counts, having
from sentiment.data.ledger_schema import set_up
from sentiment.data.statements import DISPUTE, keep_first
from sentiment.data.tsv import Post
from sentiment.serving import ledger_values

SECONDS_TO_WAIT = 600.0  # for another ingest's transaction
# Of these, the larger holds the whole index of identities of ten million posts: a delivery touches all of its pages,
# again and again. The smaller is also what SQLite sorts at once.
WRITING_CACHE_KIB, PAGE_CACHE_KIB = 458_752, 262_144
LARGEST_IDLE_WAL = 64 << 20  # bytes that the write-ahead log may keep on disk between two transactions


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

    def __init__(self, connection: sqlite3.Connection, path: Path = Path(":memory:")) -> None:
        self._connection, self._path = connection, path
        self._forgotten_by = frozenset(RULES)  # the versions of the hashes: known only while nobody else can write

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Holds the only write transaction: a second writer waits, and an error undoes everything.

        Raises: OSError when there is no room for it, UnavailableError when the disk fails.
        """
        self._connection.execute(f"PRAGMA cache_size = -{WRITING_CACHE_KIB}")
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            versions = self._connection.execute("SELECT DISTINCT version FROM forgotten")
            self._forgotten_by = frozenset(version for (version,) in versions)
            yield self._connection
            self._connection.commit()
        except (sqlite3.OperationalError, OSError) as error:
            self._connection.rollback()
            self._give_room_back()
            with ledger_file.told(self._path):
                raise error from None
        except BaseException:
            self._connection.rollback()
            raise
        finally:
            self._forgotten_by = frozenset(RULES)

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
        query = "SELECT number, key, hash, at, accepted, duplicate, relabelled, quarantined, disagreed FROM deliveries"
        rows = self._connection.execute(f"{query} ORDER BY number").fetchall()
        return [Delivered(number, key, digest, at, Counts(*counts)) for number, key, digest, at, *counts in rows]

    def labels_of(self, identities: Sequence[str]) -> dict[str, int]:
        """Returns the present labels of those of the texts that are in the ledger."""
        wanted = [bytes.fromhex(text) for text in identities]
        found = having(self._connection, "SELECT identity, label FROM posts", wanted)
        return {key.hex(): label for key, label in found}

    def salt(self) -> bytes:
        """Returns the secret of this home that decides, with a text's identity, on which side a new text stands.

        It is in the ledger because it must live as long as the sides that it gave, and be copied with them.
        """
        return bytes(self._connection.execute("SELECT value FROM about WHERE name = 'salt'").fetchone()[0])

    def set_salt(self, salt: bytes) -> None:
        """Replaces the secret, for a home whose sides must come out the same each time: a demo's, a test's."""
        self._connection.execute("UPDATE about SET value = ? WHERE name = 'salt'", (salt,))

    @property
    def may_forget(self) -> bool:
        """False when no text is to be forgotten."""
        return bool(self._forgotten_by)

    def is_forgotten(self, text: str) -> bool:
        """Tells whether the text was deleted on request: it must not come in again."""
        if not self._forgotten_by:  # nearly always: this is asked of every row
            return False
        query = "SELECT 1 FROM forgotten WHERE identity = ? AND version = ?"
        keys = ((bytes.fromhex(RULES[version](text)), version) for version in sorted(self._forgotten_by))
        return any(self._connection.execute(query, key).fetchone() for key in keys)

    def put(self, posts: Sequence[Accepted]) -> Counts:
        """Adds new texts and hears what is said of known ones; returns how many were which."""
        return Batch(self._connection, posts).put()

    def dispute(self, text_identity: str, delivery: int, source: str) -> None:
        """Makes a text of a source contested: it is not believed until it is labelled again, or somebody decides."""
        keep_first(self._connection, [bytes.fromhex(text_identity)])
        self._connection.execute(DISPUTE, (bytes.fromhex(text_identity), delivery, source))
        self._connection.execute(
            "UPDATE posts SET standing = ?, delivery = ? WHERE identity = ? AND standing = ? AND source = ?",
            (CONTESTED, delivery, bytes.fromhex(text_identity), PLAIN, source),
        )

    def record(self, number: int, key: str, content_hash: str, counts: Counts) -> None:
        """Adds the delivery's own row."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        numbers = (counts.accepted, counts.duplicate, counts.relabelled, counts.quarantined, counts.disagreed)
        self._connection.execute(
            "INSERT INTO deliveries (number, key, hash, accepted, duplicate, relabelled, quarantined, disagreed, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (number, key, content_hash, *numbers, at),
        )

    def wait_for_readers(self) -> bool:
        """Waits until nobody reads an earlier state of the ledger; returns whether that was reached."""
        busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        return not busy

    def settle(self) -> None:
        """Copies what is committed out of the write-ahead log, so that giving its room back needs no room."""
        with ledger_file.told(self._path):
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def _give_room_back(self) -> None:
        """Empties the write-ahead log, in which what was undone keeps its room; not while somebody reads."""
        with suppress(sqlite3.OperationalError):  # a full disk; the next checkpoint does it
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.execute(f"PRAGMA busy_timeout = {SECONDS_TO_WAIT * 1000:.0f}")

    def rebuild(self) -> None:
        """Rewrites the file from its contents, so that no deleted byte is left between its pages."""
        self._connection.execute("VACUUM")
        self.wait_for_readers()

    def require_whole(self, *, quick: bool = False) -> None:
        """Raises: InputError when the ledger's file is found damaged (see `ledger_damage.found_in`)."""
        if found := ledger_damage.found_in(self._path, quick=quick):
            raise ledger_parts.damaged(self._path, found)

    def require_sound(self, table: str) -> None:
        """Raises: InputError when one table is damaged: for what is shown, and so gives no error."""
        if found := ledger_values.fault_of(self._connection, table):
            raise ledger_parts.damaged(self._path, found)

    def posts(self) -> Iterator[Accepted]:
        """Yields every accepted post, oldest delivery first."""
        query = "SELECT identity, text, title, label, source, delivery, rolling, standing FROM posts"
        for key, text, title, label, source, delivery, rolling, standing in self._connection.execute(
            f"{query} ORDER BY delivery, identity"
        ):
            yield Accepted(key.hex(), Post(text, label, title, source), delivery, bool(rolling), standing)


@contextmanager
def opened(path: Path) -> Iterator[Ledger]:
    """Opens the ledger at `path`; creates it when there is none, and updates an older format.

    Raises: InputError when `path` is something else, or damaged, also where that is found only in the middle, or where
    only an error of what is done with it shows it; OSError when its disk is full, UnavailableError when that fails.
    """
    try:
        with _opened(path) as ledger:
            yield ledger
    except ledger_damage.MAY_BE_DAMAGE as error:
        if found := ledger_damage.found_in(path):
            raise ledger_parts.damaged(path, found) from error
        raise


@contextmanager
def _opened(path: Path) -> Iterator[Ledger]:
    connection: sqlite3.Connection | None = None
    try:
        with ledger_file.told(path):
            # Changing to WAL does not wait for others as a transaction does: one opener at a time.
            with atomic.exclusive_lock(ledger_file.lock_of(path)):
                ledger_file.require_or_make(path)
                connection = sqlite3.connect(path, timeout=SECONDS_TO_WAIT, isolation_level=None)
                set_up(path, connection, is_new=False)
                for pragma in (
                    "journal_mode = WAL",
                    "synchronous = FULL",
                    "secure_delete = ON",
                    f"cache_size = -{PAGE_CACHE_KIB}",
                    f"journal_size_limit = {LARGEST_IDLE_WAL}",
                ):
                    connection.execute(f"PRAGMA {pragma}")
            ledger_damage.require_sound(connection, path)
            yield Ledger(connection, path)
    finally:
        if connection is not None:
            connection.close()
