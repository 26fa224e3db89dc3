"""Draws a run's training rows from what was dealt, and puts them in an order that only the seed decides.

A hash of the seed and a text's identity does both: the rows with the smallest hashes are a draw without replacement,
and the order of another hash is a shuffle. Neither needs a list of rows in memory, and both give the same result
however the rows are stored. The table `chosen` holds the numbers (of `dealt`) of the rows, and their places.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence

from sentiment.data.composition import VALUES, WITH_TEXTS, as_posts, columns_in_use
from sentiment.data.identity import HEX_DIGITS
from sentiment.data.tsv import Post

CHOSEN = "FROM chosen CROSS JOIN dealt USING (number)"
COUNT_DRAWN = f"""INSERT INTO tally (kind, delivery, source, label, is_long, rows, chosen)
    SELECT kind, delivery, source, label, 0, 0, count(*) {CHOSEN} WHERE kind = 'old' GROUP BY delivery, source, label"""


def draw(connection: sqlite3.Connection, seed: int, added: Sequence[int] | None, minimum_characters: int = 0) -> None:
    """Chooses all new texts, and `added` old ones of each label that have at least `minimum_characters`; tallies them.

    When `added` is None, it chooses every old text.
    """
    connection.create_function("place", 1, _hash(seed, "place"), deterministic=True)
    connection.create_function("lot", 1, _hash(seed, "lot"), deterministic=True)
    connection.execute("CREATE TEMP TABLE chosen (number INTEGER PRIMARY KEY, place INTEGER NOT NULL)")
    kinds = "('new', 'old')" if added is None else "('new')"
    _choose(connection, f"SELECT number, place(identity) FROM dealt WHERE kind IN {kinds}")
    for label, number in enumerate(added or ()):
        _choose(
            connection,
            "SELECT number, place(identity) FROM dealt WHERE kind = 'old' AND label = ? AND characters >= ?"
            " ORDER BY lot(identity), identity, number LIMIT ?",
            (label, minimum_characters, number),
        )
    connection.execute(f"UPDATE tally SET chosen = rows WHERE kind IN {kinds}")
    if added is not None:
        connection.execute(COUNT_DRAWN)


def _choose(connection: sqlite3.Connection, query: str, parameters: tuple[int, ...] = ()) -> None:
    connection.execute(f"INSERT INTO chosen (number, place) {query}", parameters)


def _hash(seed: int, purpose: str) -> Callable[[bytes], int]:
    salt = f"{seed} {purpose} ".encode()

    def hashed(identity: bytes) -> int:
        digest = hashlib.blake2b(salt + identity, digest_size=8).digest()
        return int.from_bytes(digest, "big", signed=True)

    return hashed


def chosen_columns(connection: sqlite3.Connection) -> list[str]:
    """Returns the columns that the chosen posts use."""
    return columns_in_use(connection, CHOSEN)


def chosen_posts(connection: sqlite3.Connection) -> Iterator[Post]:
    """Yields the chosen posts, shuffled."""
    return as_posts(chosen_rows(connection, Post._fields))


def chosen_rows(connection: sqlite3.Connection, columns: Iterable[str]) -> sqlite3.Cursor:
    """Returns the chosen posts' values in these columns, shuffled."""
    values = ", ".join(VALUES[name] for name in columns)
    return connection.execute(f"SELECT {values} {CHOSEN} {WITH_TEXTS} ORDER BY place, dealt.identity, number")


def chosen_identities(connection: sqlite3.Connection) -> Iterator[bytes]:
    """Yields the identities of the chosen texts, sorted, each once: of posts with titles that of their text."""
    query = f"SELECT substr(identity, 1, {HEX_DIGITS // 2}) AS text {CHOSEN} GROUP BY text ORDER BY text"
    return (text for (text,) in connection.execute(query))
