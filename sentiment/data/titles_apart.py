"""Makes of a text that a ledger of format 4 has under several titles a post for each title.

That ledger identified a post by its text alone. All that was said is kept: each statement goes to the post that it was
about, and the row of each follows from its own, with the side and the number that it had.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from sentiment.data.claims import APART, PLAIN
from sentiment.data.identity import HEX_DIGITS, post_identity
from sentiment.data.statements import Decision, Statement, Text, folded, in_order
from sentiment.serving.retractions import Retraction, retracted

TABLES = ("posts", "claims", "decisions", "statements", "set_aside")
SAID_ONCE = """UPDATE posts SET identity = identity_of(text, title) WHERE title <> ''
    AND NOT EXISTS (SELECT 1 FROM statements WHERE statements.identity = posts.identity)"""
SAID_OFTEN = """SELECT DISTINCT identity FROM statements WHERE title <> ''
    AND (identity IN (SELECT identity FROM posts) OR identity IN (SELECT identity FROM set_aside)) ORDER BY identity"""
STATEMENTS = "SELECT number, delivery, label, source, text, title FROM statements WHERE identity = ? ORDER BY number"
# Of a text whose deliveries are all retracted, only the side is there.
ROW = """SELECT row, title, rolling, standing FROM posts WHERE identity = ?1
    UNION ALL SELECT NULL, '', rolling, standing FROM set_aside WHERE identity = ?1"""
DECISIONS = "SELECT delivery, label FROM decisions WHERE identity = ?"
DECIDED_TOO = """INSERT OR IGNORE INTO decisions (identity, delivery, label, who, at)
    SELECT ?, delivery, label, who, at FROM decisions WHERE identity = ?"""
# The sides that a row's text had by version 1 of the identity are those of the row that was inserted last, too.
EARLIER_TOO = """INSERT OR IGNORE INTO earlier (identity, row, rolling)
    SELECT earlier.identity, last_insert_rowid(), rolling FROM earlier WHERE row = ?"""
INSERTED = """INSERT INTO posts (identity, text, title, label, source, delivery, rolling, standing)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
CHANGED = """UPDATE posts SET identity = ?, text = ?, title = ?, label = ?, source = ?, delivery = ?, rolling = ?,
    standing = ? WHERE row = ?"""


def keep_titles_apart(connection: sqlite3.Connection) -> None:
    """Gives every post with a title the identity of both, within a transaction."""
    connection.create_function("identity_of", 2, _identity, deterministic=True)
    connection.execute(SAID_ONCE)
    without = retracted(connection)
    for (key,) in connection.execute(SAID_OFTEN).fetchall():
        _take_apart(connection, key, without)


def _identity(text: str, title: str) -> bytes:
    return bytes.fromhex(post_identity(text, title))


def _take_apart(connection: sqlite3.Connection, key: bytes, without: Mapping[int, Retraction]) -> None:
    row, title, rolling, standing = connection.execute(ROW, (key,)).fetchone()
    own, said = key + _of_title(title), _said(connection, key, title)
    if len(said) == 1:
        for table in TABLES:
            connection.execute(f"UPDATE {table} SET identity = ? WHERE identity = ?", (*said, key))
        return
    decisions = [Decision(*one) for one in connection.execute(DECISIONS, (key,))]
    connection.execute("UPDATE posts SET identity = ? WHERE row = ?", (own, row))
    for table in ("claims", "set_aside"):
        connection.execute(f"DELETE FROM {table} WHERE identity = ?", (key,))
    for new, statements in said.items():
        numbers = [(new, number) for number, _ in statements]
        connection.executemany("UPDATE statements SET identity = ? WHERE number = ?", numbers)
        connection.execute(DECIDED_TOO, (new, key))
        found = folded(in_order((one for _, one in statements), decisions, without), apart=standing == APART)
        _write(connection, new, found, row if new == own else None, rolling, standing)
        if found and new != own:
            connection.execute(EARLIER_TOO, (row,))
    if key not in said:
        connection.execute("DELETE FROM decisions WHERE identity = ?", (key,))


def _said(connection: sqlite3.Connection, key: bytes, title: str) -> dict[bytes, list[tuple[int, Statement]]]:
    """Returns, by the identity of each post, what was said of it, with the statements' numbers."""
    said: dict[bytes, list[tuple[int, Statement]]] = {}
    for number, *one in connection.execute(STATEMENTS, (key,)).fetchall():
        statement = Statement(*one)
        # That annotators disagreed is said without the words: it was about the row as it stood.
        about = title if statement.label is None else statement.title
        said.setdefault(key + _of_title(about), []).append((number, statement))
    return said


def _of_title(title: str) -> bytes:
    """Returns what a title adds to the identity of its text."""
    return bytes.fromhex(post_identity("", title)[HEX_DIGITS:])


def _write(
    connection: sqlite3.Connection, key: bytes, found: Text | None, row: int | None, rolling: int, standing: int
) -> None:
    """Writes the row of a post, in the place of `row` if it has one; of a post that nothing is left of, its side."""
    if found is None:
        aside = (key, rolling, APART if standing == APART else PLAIN)
        connection.execute("INSERT INTO set_aside (identity, rolling, standing) VALUES (?, ?, ?)", aside)
        connection.execute("DELETE FROM posts WHERE row = ?", (row,))
        return
    claims = ((key, source, *claim) for source, claim in found.claims.items())
    connection.executemany("INSERT INTO claims (identity, source, label, delivery) VALUES (?, ?, ?, ?)", claims)
    values = (key, found.text, found.title, found.label, found.source, found.delivery, rolling, found.standing)
    if row is None:
        connection.execute(INSERTED, values)
    else:
        connection.execute(CHANGED, (*values, row))
