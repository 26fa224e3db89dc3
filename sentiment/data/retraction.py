"""Leaves a delivery out of the ledger, or takes it in again: as if it had never come, or always been there.

A retraction is a delivery of its own, with a number, a time, a name and a reason. A text whose label or standing it
changes carries that number, so it is new to every model; its side, for training or for tests, stays. What was said is
kept, so that it can be undone.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sentiment.data.claims import APART, PLAIN
from sentiment.data.identity import identity_1
from sentiment.data.ledger import Ledger
from sentiment.data.ledger_batch import IDENTITIES_A_QUERY, PUT, Counts, having
from sentiment.data.statements import KEEP_FIRST, Decision, Statement, Text, folded, in_order
from sentiment.serving.retractions import Retraction, retracted

TOUCHED = """SELECT identity FROM statements WHERE delivery = ?1
    UNION SELECT identity FROM decisions WHERE delivery = ?1 ORDER BY identity"""


@dataclass(frozen=True)
class Changed:
    """What a change did to the texts that its delivery had: how many came, left, got another label, or stayed as they
    were; `identities` are those of all of them.
    """

    came: int
    left: int
    relabelled: int
    stayed: int
    identities: Sequence[bytes]


@dataclass(frozen=True)
class _Row:
    """A text's row as it was; `delivery` 0: it has none, as all its deliveries are retracted."""

    delivery: int
    label: int
    standing: int
    rolling: bool


def retracted_with(connection: sqlite3.Connection, content_hash: str) -> int | None:
    """Returns the number of the retracted delivery that has this content, None when there is none."""
    query = "SELECT number FROM deliveries WHERE hash = ? ORDER BY number DESC"
    without = retracted(connection)
    return next((number for (number,) in connection.execute(query, (content_hash,)) if number in without), None)


def is_a_change(connection: sqlite3.Connection, number: int) -> bool:
    """Tells whether a delivery is itself a retraction, or the undoing of one."""
    return connection.execute("SELECT 1 FROM retractions WHERE number = ?", (number,)).fetchone() is not None


def touched(connection: sqlite3.Connection, delivery: int) -> list[bytes]:
    """Returns the identities of the texts that a delivery had; hold the ledger for writing."""
    connection.execute(KEEP_FIRST.format(of="delivery = ?"), (delivery,))
    return [key for (key,) in connection.execute(TOUCHED, (delivery,))]


def change(ledger: Ledger, connection: sqlite3.Connection, delivery: int, undone: bool, who: str, reason: str) -> int:
    """Records a retraction, or its undoing, and returns its number; `apply` then does it to the texts."""
    number, at = ledger.watermark() + 1, datetime.now(UTC).isoformat(timespec="seconds")
    what = "retraction undone" if undone else "retracted"
    digest = hashlib.sha256(f"{number} {what} {delivery} {at} {who} {reason}".encode()).hexdigest()
    # No rows are counted: the checks measure what labellers deliver.
    ledger.record(number, f"delivery {delivery} ({what} by {who})", digest, Counts())
    values = (number, delivery, int(undone), who, reason, at)
    connection.execute(
        "INSERT INTO retractions (number, delivery, undone, who, reason, at) VALUES (?, ?, ?, ?, ?, ?)", values
    )
    return number


def apply(connection: sqlite3.Connection, number: int, identities: Sequence[bytes]) -> Changed:
    """Makes the rows of the texts anew, from all that was said by deliveries that are not retracted."""
    counts = dict.fromkeys(("came", "left", "relabelled", "stayed"), 0)
    without = retracted(connection)
    for start in range(0, len(identities), IDENTITIES_A_QUERY):
        part = identities[start : start + IDENTITIES_A_QUERY]
        rows = dict(_rows(connection, part))
        found = {key: folded(said, apart=rows[key].standing == APART) for key, said in _said(connection, part, without)}
        for key, text in found.items():
            counts[_outcome(rows[key], text)] += 1
            if text:
                text.delivery = _number(rows[key], text, number, without)
        _write(connection, rows, found)
    return Changed(**counts, identities=identities)


def _rows(connection: sqlite3.Connection, keys: Sequence[bytes]) -> Iterator[tuple[bytes, _Row]]:
    for key, *row in having(connection, "SELECT identity, 0, -1, standing, rolling FROM set_aside", keys):
        yield key, _Row(*row)
    for key, *row in having(connection, "SELECT identity, delivery, label, standing, rolling FROM posts", keys):
        yield key, _Row(*row)


def _said(
    connection: sqlite3.Connection, keys: Sequence[bytes], without: dict[int, Retraction]
) -> Iterator[tuple[bytes, list[Statement | Decision]]]:
    statements: dict[bytes, list[tuple[int, Statement]]] = {key: [] for key in keys}
    decisions: dict[bytes, list[Decision]] = {key: [] for key in keys}
    query = "SELECT identity, number, delivery, label, source, text, title FROM statements"
    for key, number, *said in having(connection, query, keys):
        statements[key].append((number, Statement(*said)))
    for key, *decided in having(connection, "SELECT identity, delivery, label FROM decisions", keys):
        decisions[key].append(Decision(*decided))
    for key in keys:
        yield key, in_order((one for _, one in sorted(statements[key])), decisions[key], without)


def _outcome(row: _Row, text: Text | None) -> str:
    if text is None:
        return "left" if row.delivery else "stayed"
    if not row.delivery:
        return "came"
    return "stayed" if (row.label, row.standing) == (text.label, text.standing) else "relabelled"


def _number(row: _Row, text: Text, change: int, without: Container[int]) -> int:
    """Returns the delivery that a text now carries: the change's own unless it stays as a model may have seen it."""
    if not row.delivery or (row.label, row.standing) != (text.label, text.standing):
        return change
    if text.delivery >= row.delivery:
        return text.delivery
    return change if row.delivery in without else row.delivery


def _write(connection: sqlite3.Connection, rows: dict[bytes, _Row], found: dict[bytes, Text | None]) -> None:
    keys = [(key,) for key in found]
    stays = {key: text for key, text in found.items() if text}
    connection.executemany("DELETE FROM claims WHERE identity = ?", keys)
    connection.executemany("DELETE FROM set_aside WHERE identity = ?", keys)
    gone = [(key,) for key in found if key not in stays]
    # A new row may get the number of one that goes; see `forget`.
    connection.executemany(
        "UPDATE earlier SET row = -row WHERE row IN (SELECT row FROM posts WHERE posts.identity = ?)", gone
    )
    connection.executemany("DELETE FROM posts WHERE identity = ?", gone)
    connection.executemany(
        "INSERT INTO set_aside (identity, rolling, standing) VALUES (?, ?, ?)",
        ((key, int(rows[key].rolling), APART if rows[key].standing == APART else PLAIN) for (key,) in gone),
    )
    connection.executemany(PUT, ((key, *_values(text, rows[key])) for key, text in stays.items()))
    connection.executemany(
        "INSERT INTO claims (identity, source, label, delivery) VALUES (?, ?, ?, ?)",
        ((key, source, *claim) for key, text in stays.items() for source, claim in text.claims.items()),
    )
    _keep_earlier(connection, [(key, text) for key, text in stays.items() if not rows[key].delivery])


def _values(text: Text, row: _Row) -> tuple[str, str, int, str, int, int, int]:
    return text.text, text.title, text.label, text.source, text.delivery, int(row.rolling), text.standing


def _keep_earlier(connection: sqlite3.Connection, came: Iterable[tuple[bytes, Text]]) -> None:
    """Keeps the side that texts had by version 1 of the identity, for those that have a row again."""
    if not connection.execute("SELECT EXISTS (SELECT 1 FROM earlier)").fetchone()[0]:
        return
    connection.executemany(
        "INSERT OR IGNORE INTO earlier (identity, row, rolling)"
        " SELECT DISTINCT earlier.identity, posts.row, earlier.rolling FROM earlier, posts"
        " WHERE earlier.identity = ? AND posts.identity = ?",
        ((bytes.fromhex(identity_1(text.text)), key) for key, text in came),
    )
