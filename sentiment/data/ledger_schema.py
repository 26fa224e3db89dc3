"""The tables of the ledger, and how a ledger of an older format becomes one of this format."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sentiment.errors import InputError

VERSION = 2
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
STEPS = {0: (*DELIVERIES, *POSTS, FORGOTTEN), 1: FROM_1}


def set_up(path: Path, connection: sqlite3.Connection) -> None:
    """Creates the tables, or updates those of an older format, all or nothing.

    Raises: InputError when `path` is not a ledger, or has a newer format.
    """
    try:
        # A second opener waits here and then finds the work done.
        version = _version(connection)
        if version in STEPS:
            connection.create_function("from_hex", 1, bytes.fromhex, deterministic=True)
            connection.execute("BEGIN IMMEDIATE")
            try:
                version = _migrate(connection)
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        raise InputError(
            f"{path} must be the ledger of posts", found=str(error), do="Restore it from a backup, or move it away."
        ) from None
    if version != VERSION:
        raise InputError(
            f"{path} must be a ledger of format {VERSION} or older",
            found=f"format {version}",
            do="Use the version of sentiment that wrote it.",
        )


def _migrate(connection: sqlite3.Connection) -> int:
    version = _version(connection)
    for statement in STEPS.get(version, ()):
        connection.execute(statement)
    if version in STEPS:
        connection.execute(f"PRAGMA user_version = {VERSION}")
    return _version(connection)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
