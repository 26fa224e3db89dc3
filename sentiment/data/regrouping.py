"""Gives every post of a ledger its identity of today; what version 1 took for other texts may be one, or the reverse.

A ledger holds one row for a text, so rows are only ever merged: the newest one stays. A text that version 1 took for
the one in a row comes only later; for it the table `earlier` keeps the side that both had. All in SQLite's own tables,
so that the size is the disk's matter.
"""

from __future__ import annotations

import sqlite3

from sentiment.data.claims import APART, CONTESTED, PLAIN
from sentiment.data.identity import identity
from sentiment.step import say
from sentiment.text.invisible import is_blank

PAGE_CACHE_KIB = 65_536
TO_BE_TOLD = 100_000  # posts from which it takes long enough to say so
FRESH = (
    "CREATE TEMP TABLE fresh (row INTEGER PRIMARY KEY, identity BLOB NOT NULL)",
    "INSERT INTO fresh SELECT row, identity_of(text) FROM posts ORDER BY row",
    "CREATE INDEX temp.fresh_by_identity ON fresh (identity)",
    "CREATE TEMP TABLE twice AS SELECT identity FROM fresh GROUP BY identity HAVING count(*) > 1",
    "INSERT INTO earlier (identity, row, rolling) SELECT identity, row, rolling FROM posts ORDER BY identity, row",
    "DROP INDEX posts_by_identity",
)
GROUP = (
    "SELECT posts.row, posts.identity, label, source, delivery, rolling FROM fresh JOIN posts USING (row)"
    " WHERE fresh.identity = ? ORDER BY delivery, posts.row"
)
RENAMED = (
    "UPDATE posts SET identity = (SELECT fresh.identity FROM fresh WHERE fresh.row = posts.row)",
    f"UPDATE posts SET standing = {APART} WHERE is_blank(text)",  # such a text is refused today
    "CREATE UNIQUE INDEX posts_by_identity ON posts (identity)",
    "DROP TABLE temp.fresh",
    "DROP TABLE temp.twice",
)


def regroup(connection: sqlite3.Connection) -> None:
    """Makes the identities of `posts` anew and merges the rows that are one text, within a transaction."""
    posts = connection.execute("SELECT count(*) FROM posts").fetchone()[0]
    if posts >= TO_BE_TOLD:
        say(f"the ledger of {posts:,} posts is brought up to date: ten seconds for each million")
    before = connection.execute("PRAGMA cache_size").fetchone()[0]
    connection.execute(f"PRAGMA cache_size = -{PAGE_CACHE_KIB}")
    connection.create_function("identity_of", 1, lambda text: bytes.fromhex(identity(text)), deterministic=True)
    connection.create_function("is_blank", 1, is_blank, deterministic=True)
    for statement in FRESH:
        connection.execute(statement)
    for (text_identity,) in connection.execute("SELECT identity FROM twice"):
        _merge(connection, text_identity)
    for statement in RENAMED:
        connection.execute(statement)
    connection.execute(f"PRAGMA cache_size = {before}")


def _merge(connection: sqlite3.Connection, text_identity: bytes) -> None:
    """Makes one row of those that are one text: the newest, with what every source said.

    A text of which one half was tested on and the other trained on is neither from now on.
    """
    group = connection.execute(GROUP, (text_identity,)).fetchall()
    said = {source: (label, delivery) for _, _, label, source, delivery, _ in group}
    kept, sides = group[-1][0], {rolling for *_, rolling in group}
    standing = APART if len(sides) > 1 else CONTESTED if len({label for label, _ in said.values()}) > 1 else PLAIN
    if len(said) > 1:
        connection.executemany(
            "INSERT INTO claims (identity, source, label, delivery) VALUES (?, ?, ?, ?)",
            ((text_identity, source, *claim) for source, claim in said.items()),
        )
    connection.execute("UPDATE posts SET standing = ?, rolling = ? WHERE row = ?", (standing, max(sides), kept))
    for row, old_identity, *_ in group[:-1]:
        connection.execute("UPDATE earlier SET row = ? WHERE identity = ? AND row = ?", (kept, old_identity, row))
        connection.execute("DELETE FROM posts WHERE row = ?", (row,))
