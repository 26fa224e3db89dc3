"""Counts how often a source's label of a text is contradicted, of the texts that more than one source labelled.

A label is contradicted when a person decided otherwise, or, while nobody decided, when no other source says the same.
So of two sources that differ both are contradicted: which one errs, a third or a person tells. The base data is a
source too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from sentiment.data.claims import BASE, DECIDED
from sentiment.data.composition import ROLLING, TEXT_BYTES, TRAIN
from sentiment.data.ledger import Delivered
from sentiment.data.nights import last_days
from sentiment.results.deliveries import Doubles

NIGHTS = 90  # older labels of a source say little about it now
SAID = """CREATE TEMP TABLE said (
    identity BLOB NOT NULL, source TEXT NOT NULL, label INTEGER NOT NULL, delivery INTEGER NOT NULL,
    PRIMARY KEY (identity, source)
) WITHOUT ROWID"""
CLAIMED = "INSERT INTO said SELECT identity, source, label, delivery FROM claims"
# A text that one source alone delivered has no claims; of a decided one, its label is forgotten.
ALONE = f"""INSERT INTO said SELECT identity, source, label, delivery FROM posts
    WHERE standing <> {DECIDED} AND row IN (SELECT row FROM on_side WHERE side IN ({TRAIN}, {ROLLING}))
        AND EXISTS (SELECT 1 FROM base WHERE base.side IN ({TRAIN}, {ROLLING})
            AND base.words = substr(posts.identity, 1, {TEXT_BYTES}) AND base.identity = posts.identity)
        AND NOT EXISTS (SELECT 1 FROM claims WHERE claims.identity = posts.identity)"""
OF_BASE = f"""INSERT OR IGNORE INTO said SELECT identity, ?, label, 0 FROM base
    WHERE side IN ({TRAIN}, {ROLLING}) AND EXISTS (SELECT 1 FROM said WHERE said.identity = base.identity)
    ORDER BY position DESC"""
COUNTED = """SELECT source, count(*), sum(is_contradicted) FROM (
    SELECT source, coalesce(
        label <> (SELECT label FROM decisions WHERE decisions.identity = said.identity ORDER BY delivery DESC LIMIT 1),
        NOT EXISTS (SELECT 1 FROM said AS other
            WHERE other.identity = said.identity AND other.source <> said.source AND other.label = said.label)
    ) AS is_contradicted FROM said
    WHERE delivery >= ? OR (source = ? AND EXISTS (
        SELECT 1 FROM said AS other WHERE other.identity = said.identity AND other.delivery >= ?))
) GROUP BY source ORDER BY source"""


def doubles(connection: sqlite3.Connection, deliveries: Sequence[Delivered]) -> list[Doubles]:
    """Returns the counts of every source, from the labels of the last 90 nights with a delivery.

    `composition.deal` must have been called on the connection.
    """
    first = min(last_days(deliveries, NIGHTS), default=0)
    connection.execute(SAID)
    connection.execute(CLAIMED)
    connection.execute(ALONE)
    connection.execute(OF_BASE, (BASE,))
    found = connection.execute(COUNTED, (first, BASE, first)).fetchall()
    connection.execute("DROP TABLE said")
    return [Doubles(source=source, labels=labels, contradicted=wrong) for source, labels, wrong in found]
