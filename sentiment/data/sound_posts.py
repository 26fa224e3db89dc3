"""Whether the posts that are dealt can have been written: asked of each while it is read anyway.

Looking at all posts at each opening of the ledger would take too long, and a label of -1 is no error for anybody: it is
the last label of a list.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from sentiment.data import ledger_parts
from sentiment.data.claims import APART, CONTESTED, USED
from sentiment.data.identity import HEX_DIGITS
from sentiment.errors import InputError

DAMAGED = "damaged"  # the kind of a post that nobody can have written
# For SQLite every number is less than any text, and every text less than any bytes: cheaper than asking for kinds.
IS_SOUND = f"""(text BETWEEN '' AND X'' AND title BETWEEN '' AND X'' AND identity >= X''
    AND length(identity) IN ({HEX_DIGITS // 2}, {HEX_DIGITS}) AND delivery >= 1
    AND rolling BETWEEN 0 AND 1)"""
# What a post is that is neither plain nor decided; `standing` is looked at once for all others.
BY_STANDING = f"CASE standing WHEN {APART} THEN 'apart' WHEN {CONTESTED} THEN 'contested' ELSE '{DAMAGED}' END"
IS_USED = f"standing IN {USED}"
WRONG = f"""(kind = '{DAMAGED}' OR typeof(source) <> 'text' OR typeof(label) <> 'integer' OR label < 0
    OR typeof(delivery) <> 'integer')"""
FAULT = f"""SELECT iif({WRONG}, 'a value of a wrong kind in posts', 'a row of posts without its row of deliveries')
    FROM tally WHERE {WRONG} OR (delivery <> 0 AND delivery NOT IN (SELECT number FROM deliveries)) LIMIT 1"""


def require(connection: sqlite3.Connection) -> None:
    """Raises: InputError when a post of the ledger, as it was tallied, cannot have been written."""
    if fault := connection.execute(FAULT).fetchone():
        raise ledger_parts.damaged(ledger_parts.file_of(connection), fault[0])


def require_labels(found: Iterable[int], labels: int) -> None:
    """Raises: InputError when one of the labels that the ledger gives is none of the label set."""
    if strange := sorted(label for label in set(found) if not 0 <= label < labels):
        raise InputError(
            f"every label in the ledger of posts must be one of 0 to {labels - 1}",
            found=f"the label {strange[0]}",
            do="Give SENTIMENT_LABELS all labels that were delivered. If it has them, the ledger is damaged: restore "
            "it with `sentiment restore BACKUP`.",
        )
