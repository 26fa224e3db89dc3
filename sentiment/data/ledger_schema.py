"""The tables of the ledger, and how a ledger of an older format becomes one of this format."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import cache, partial
from pathlib import Path

from sentiment.data import identity, ledger_parts
from sentiment.data.claims import CONTESTED
from sentiment.data.identity import HAS_TITLE, TEXT_IN_SQL
from sentiment.data.regrouping import regroup
from sentiment.data.titles_apart import keep_titles_apart
from sentiment.errors import FROM_A_BACKUP, InputError

VERSION = 5
SALT_BYTES = 32
# A text's identity is random, so its index is the one thing that grows out of order: it holds 16 bytes a post, and
# the posts themselves are appended. (A table in the order of the identity would be rewritten as a whole.)
POSTS = (
    """CREATE TABLE posts (
        row INTEGER PRIMARY KEY, identity BLOB NOT NULL, text TEXT NOT NULL, title TEXT NOT NULL,
        label INTEGER NOT NULL, source TEXT NOT NULL, delivery INTEGER NOT NULL REFERENCES deliveries (number),
        rolling INTEGER NOT NULL
    )""",
    "CREATE UNIQUE INDEX posts_by_identity ON posts (identity)",
    "CREATE INDEX posts_by_delivery ON posts (delivery)",
)
# What a deletion request leaves: too little to read the text, but enough to refuse it when it comes again.
FORGOTTEN = "CREATE TABLE forgotten (identity BLOB PRIMARY KEY, at TEXT NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID"
DELIVERIES = (
    """CREATE TABLE deliveries (
        number INTEGER PRIMARY KEY, key TEXT NOT NULL, hash TEXT NOT NULL, accepted INTEGER NOT NULL,
        duplicate INTEGER NOT NULL, relabelled INTEGER NOT NULL, quarantined INTEGER NOT NULL, at TEXT NOT NULL
    )""",
    "CREATE INDEX deliveries_by_key ON deliveries (key)",
)
FORMAT_2 = (*DELIVERIES, *POSTS, FORGOTTEN)
# Format 1 kept the identity as 32 hex digits, and the posts in its order.
FROM_1 = (
    "ALTER TABLE posts RENAME TO posts_1",
    "DROP INDEX posts_by_delivery",
    *POSTS,
    "INSERT INTO posts (identity, text, title, label, source, delivery, rolling)"
    " SELECT from_hex(identity), text, title, label, source, delivery, rolling FROM posts_1"
    " ORDER BY delivery, identity",
    "DROP TABLE posts_1",
    FORGOTTEN,
)
NEW_IN_2 = frozenset(
    {"posts.row", "posts_by_identity", "forgotten", "forgotten.identity", "forgotten.at", "forgotten.reason"}
)
# Format 2 identified a text by its words alone (version 1 of the identity) and knew only the newest label.
FROM_2 = (
    "ALTER TABLE posts ADD COLUMN standing INTEGER NOT NULL DEFAULT 0",  # see `claims`
    "ALTER TABLE deliveries ADD COLUMN disagreed INTEGER NOT NULL DEFAULT 0",
    # The hashes of texts that were deleted before stay those of their version: the texts are gone.
    "ALTER TABLE forgotten ADD COLUMN version INTEGER NOT NULL DEFAULT 1",
    # The newest label of each source, for the texts that more than one source labelled.
    """CREATE TABLE claims (
        identity BLOB NOT NULL, source TEXT NOT NULL, label INTEGER NOT NULL, delivery INTEGER NOT NULL,
        PRIMARY KEY (identity, source)
    ) WITHOUT ROWID""",
    """CREATE TABLE decisions (
        identity BLOB NOT NULL, delivery INTEGER NOT NULL, label INTEGER NOT NULL, who TEXT NOT NULL, at TEXT NOT NULL,
        PRIMARY KEY (identity, delivery)
    ) WITHOUT ROWID""",
    # The side that a text had by its identity of version 1, and the rows whose texts had that identity.
    """CREATE TABLE earlier (
        identity BLOB NOT NULL, row INTEGER NOT NULL, rolling INTEGER NOT NULL, PRIMARY KEY (identity, row)
    ) WITHOUT ROWID""",
    "CREATE TABLE about (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
)
# Format 3 kept of a text only the newest label of each source, so no delivery could be left out again.
FROM_3 = (
    # What each delivery said, of the texts that were said more than once: see `statements`.
    """CREATE TABLE statements (
        number INTEGER PRIMARY KEY, identity BLOB NOT NULL, delivery INTEGER NOT NULL, label INTEGER,
        source TEXT NOT NULL, text TEXT NOT NULL, title TEXT NOT NULL
    )""",
    "CREATE INDEX statements_by_identity ON statements (identity)",
    "CREATE INDEX statements_by_delivery ON statements (delivery)",
    # The sides of the texts whose deliveries are all retracted: a text that comes again keeps its side.
    """CREATE TABLE set_aside (
        identity BLOB PRIMARY KEY, rolling INTEGER NOT NULL, standing INTEGER NOT NULL
    ) WITHOUT ROWID""",
    # The newest line about a delivery tells whether it is retracted.
    """CREATE TABLE retractions (
        number INTEGER PRIMARY KEY, delivery INTEGER NOT NULL, undone INTEGER NOT NULL, who TEXT NOT NULL,
        reason TEXT NOT NULL, at TEXT NOT NULL
    )""",
    "INSERT INTO statements (identity, delivery, label, source, text, title)"
    " SELECT identity, claims.delivery, claims.label, claims.source, text, title"
    " FROM claims JOIN posts USING (identity) ORDER BY claims.delivery",
    "INSERT INTO statements (identity, delivery, label, source, text, title)"
    f" SELECT identity, delivery, label, source, text, title FROM posts WHERE standing = {CONTESTED}"
    " AND NOT EXISTS (SELECT 1 FROM claims WHERE claims.identity = posts.identity)",
    # Annotators disagreed about those that are contested without two labels.
    "INSERT INTO statements (identity, delivery, label, source, text, title)"
    f" SELECT identity, delivery, NULL, source, '', '' FROM posts WHERE standing = {CONTESTED} AND"
    " (SELECT count(DISTINCT label) FROM claims WHERE claims.identity = posts.identity) < 2",
    "INSERT INTO about (name, value) SELECT 'statements', COALESCE(MAX(number), 0) FROM deliveries",
)
# Format 4 identified a post by its text alone, whatever its title. Where titles are, the posts of a text are found by
# the part of their identities that is the text's.
FROM_4 = (f"CREATE INDEX posts_with_title ON posts ({TEXT_IN_SQL}) WHERE {HAS_TITLE}",)


def _run(statements: Iterable[str], connection: sqlite3.Connection) -> None:
    for statement in statements:
        connection.execute(statement)


def new_salt() -> bytes:
    """Returns the secret of a new home (see `Ledger.salt`)."""
    return os.urandom(SALT_BYTES)


def _from_1(connection: sqlite3.Connection) -> None:
    connection.create_function("from_hex", 1, bytes.fromhex, deterministic=True)
    _run(FROM_1, connection)


def _from_2(connection: sqlite3.Connection) -> None:
    _run(FROM_2, connection)
    regroup(connection)
    values = (("identity", identity.VERSION), ("salt", new_salt()))
    connection.executemany("INSERT INTO about (name, value) VALUES (?, ?)", values)


def _from_4(connection: sqlite3.Connection) -> None:
    _run(FROM_4, connection)
    keep_titles_apart(connection)


# From a format to the next one that there is a step from.
Step = Callable[[sqlite3.Connection], None]
STEPS: dict[int, tuple[Step, int]] = {
    0: (partial(_run, FORMAT_2), 2),
    1: (_from_1, 2),
    2: (_from_2, 3),
    3: (partial(_run, FROM_3), 4),
    4: (_from_4, 5),
}


def set_up(path: Path, connection: sqlite3.Connection, *, is_new: bool = True) -> None:
    """Creates the tables where `is_new` allows it, or updates those of an older format, all or nothing.

    Raises: InputError when `path` is not a ledger, or has a newer format; that or sqlite3.DatabaseError when it is
    damaged.
    """
    # A second opener waits here and then finds the work done.
    version = _version(connection)
    if version in STEPS and (version or is_new):
        connection.execute("BEGIN IMMEDIATE")
        try:
            _require_parts(path, connection)
            version = _migrate(connection)
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
    if version != VERSION:
        raise InputError(
            f"{path} must be a ledger of format {VERSION} or older",
            found=f"format {version}" if version else "a file of no format",
            do="Use the version of sentiment that wrote it." if version else FROM_A_BACKUP,
        )
    _require_parts(path, connection)


def _require_parts(path: Path, connection: sqlite3.Connection) -> None:
    if fault := fault_of_parts(connection):
        raise ledger_parts.damaged(path, fault)


def fault_of_parts(connection: sqlite3.Connection) -> str:
    """Returns what a ledger lacks of its format, or has of a later one; "" when neither, or when it is a newer one."""
    version = _version(connection)
    own = parts_of(version)
    return ledger_parts.fault(connection, version, own, parts_of(VERSION) - own) if version <= VERSION else ""


@cache
def parts_of(version: int) -> frozenset[str]:
    """Returns the parts of a ledger of one of the formats, as its statements make them."""
    if version == 1:  # nothing makes one any more
        return parts_of(2) - NEW_IN_2
    with closing(sqlite3.connect(":memory:")) as connection:
        _go_on_to(version, connection)
        return ledger_parts.of(connection)


def _migrate(connection: sqlite3.Connection) -> int:
    return _go_on_to(VERSION, connection)


def _go_on_to(wanted: int, connection: sqlite3.Connection) -> int:
    while (version := _version(connection)) in STEPS and version < wanted:
        step, reached = STEPS[version]
        step(connection)
        connection.execute(f"PRAGMA user_version = {reached}")
    return version


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
