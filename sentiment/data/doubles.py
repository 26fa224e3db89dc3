"""Counts how often a source's label of a text is contradicted, of the texts that more than one source labelled.

A label is contradicted when a person decided otherwise, or, while nobody decided, when no other source says the same.
So of two sources that differ both are contradicted: which one errs, a third or a person tells. The base data is a
source too. A row may name any source, so only the largest are told one by one.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterable, Sequence

from sentiment.data.claims import BASE, DECIDED, LONGEST_NAME
from sentiment.data.composition import ROLLING, TEXT_BYTES, TRAIN
from sentiment.data.ledger import Delivered
from sentiment.data.nights import last_days
from sentiment.results.deliveries import Doubles

NIGHTS = 90  # older labels of a source say little about it now
LISTED = 200  # sources, those with the most labels; all others are together
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
COUNTED = f"""SELECT substr(source, 1, {LONGEST_NAME}), count(*), sum(is_contradicted) FROM (
    SELECT source, coalesce(
        label <> (SELECT label FROM decisions WHERE decisions.identity = said.identity ORDER BY delivery DESC LIMIT 1),
        NOT EXISTS (SELECT 1 FROM said AS other
            WHERE other.identity = said.identity AND other.source <> said.source AND other.label = said.label)
    ) AS is_contradicted FROM said
    WHERE delivery >= ? OR (source = ? AND EXISTS (
        SELECT 1 FROM said AS other WHERE other.identity = said.identity AND other.delivery >= ?))
) GROUP BY 1"""


def doubles(connection: sqlite3.Connection, deliveries: Sequence[Delivered]) -> list[Doubles]:
    """Returns the counts by source, from the labels of the last 90 nights with a delivery; all small sources last.

    `composition.deal` must have been called on the connection.
    """
    first = min(last_days(deliveries, NIGHTS), default=0)
    connection.execute(SAID)
    connection.execute(CLAIMED)
    connection.execute(ALONE)
    connection.execute(OF_BASE, (BASE,))
    found = _listed(connection.execute(COUNTED, (first, BASE, first)))
    connection.execute("DROP TABLE said")
    return found


def _listed(counts: Iterable[tuple[str, int, int]]) -> list[Doubles]:
    """Returns the sources with the most labels, by name, and behind them all others together."""
    largest: list[tuple[int, str, int]] = []
    others = labels = contradicted = 0
    for source, number, wrong in counts:
        heapq.heappush(largest, (number, source, wrong))
        if len(largest) > LISTED:
            number, _, wrong = heapq.heappop(largest)
            others, labels, contradicted = others + 1, labels + number, contradicted + wrong
    found = [Doubles(source=name, labels=number, contradicted=wrong) for number, name, wrong in largest]
    rest = Doubles(source="", labels=labels, contradicted=contradicted, others=others)
    return [*sorted(found, key=lambda one: one.source), *([rest] if others else [])]
