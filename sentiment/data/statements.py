"""What was said of a text, delivery by delivery, and the row that follows from it: so a delivery can be left out again.

A text that was said once has no statements: its row says all. From the second time on every one is kept, the first
among them, so that the row can be made anew from those that count. `folded` is what the ledger does with one delivery
after the other; `Batch` does the same with many texts at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sentiment.data.claims import APART, CONTESTED, DECIDED, PLAIN, hear, keep

# Of texts that are about to be said again, or retracted; `of` is the condition that their rows have in common.
KEEP_FIRST = (
    "INSERT INTO statements (identity, delivery, label, source, text, title)"
    " SELECT identity, delivery, label, source, text, title FROM posts"
    " WHERE {of} AND NOT EXISTS (SELECT 1 FROM statements WHERE statements.identity = posts.identity)"
)
# A file that grows, and is delivered whole every night, says the same again and again: that is kept so often only.
MOST_REPEATS = 8
KEEP = f"""INSERT INTO statements (identity, delivery, label, source, text, title)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE (
        SELECT count(*) FROM statements WHERE identity = ?1 AND number > coalesce(
            (SELECT max(number) FROM statements WHERE identity = ?1 AND (label IS NOT ?3 OR source <> ?4)), 0)
    ) < {MOST_REPEATS}"""
# One delivery may say a text again and again, each time with another label: the last of it counts, and so much is kept.
MOST_A_DELIVERY = 8
# By the text: by its delivery SQLite would go through all that this one says, once for each text that it repeats.
KEEP_THE_LAST = f"""DELETE FROM statements INDEXED BY statements_by_identity
    WHERE identity = ?1 AND delivery = ?2 AND label IS NOT NULL AND number <= (
        SELECT number FROM statements INDEXED BY statements_by_identity
        WHERE identity = ?1 AND delivery = ?2 AND label IS NOT NULL
        ORDER BY number DESC LIMIT 1 OFFSET {MOST_A_DELIVERY})"""
DISPUTE = """INSERT INTO statements (identity, delivery, label, source, text, title)
    SELECT ?1, ?2, NULL, ?3, '', '' WHERE EXISTS (SELECT 1 FROM statements WHERE identity = ?1)"""


class Statement(NamedTuple):
    """That a delivery gave a text a label; None: its annotators disagreed."""

    delivery: int
    label: int | None
    source: str
    text: str = ""
    title: str = ""


class Decision(NamedTuple):
    """That a person gave a text its label; a delivery of its own."""

    delivery: int
    label: int


@dataclass
class Text:
    """What a text's row says, and the newest label and delivery of each source where more than one said something."""

    label: int
    source: str
    standing: int
    delivery: int
    text: str
    title: str
    claims: dict[str, tuple[int, int]] = field(default_factory=dict)


def folded(said: Iterable[Statement | Decision], *, apart: bool = False) -> Text | None:
    """Returns what follows from what was `said`, in order; None when nothing gives the text a label.

    A text that is `apart` once stays so. A decision about a text that nobody delivered counts for nothing.
    """
    found: Text | None = None
    for one in said:
        if found is None:
            if isinstance(one, Statement) and one.label is not None:
                standing = APART if apart else PLAIN
                found = Text(one.label, one.source, standing, one.delivery, one.text, one.title)
        elif isinstance(one, Decision):
            _decide(found, one)
        elif one.label is None:
            _dispute(found, one)
        else:
            _hear(found, one, one.label)
    return found


def _decide(found: Text, one: Decision) -> None:
    if found.standing != APART:
        found.label, found.delivery, found.standing = one.label, one.delivery, DECIDED


def _dispute(found: Text, one: Statement) -> None:
    if (found.standing, found.source) == (PLAIN, one.source):
        found.standing, found.delivery = CONTESTED, one.delivery


def _hear(found: Text, one: Statement, said: int) -> None:
    if (found.standing, found.label, found.source) == (PLAIN, said, one.source):
        return
    if found.source not in found.claims:
        keep(found.claims, found.source, found.label, found.delivery)
    labels = {source: label for source, (label, _) in found.claims.items()}
    heard = hear(found.standing, found.label, labels, one.source, said)
    keep(found.claims, one.source, said, one.delivery)
    if heard.takes_label:
        found.label, found.source, found.text, found.title = said, one.source, one.text, one.title
    if heard.takes_label or heard.standing != found.standing:
        found.standing, found.delivery = heard.standing, one.delivery
    if len(found.claims) == 1:  # the row says it
        found.claims.clear()


def in_order(
    statements: Iterable[Statement], decisions: Iterable[Decision], without: Mapping[int, object]
) -> list[Statement | Decision]:
    """Returns both in the order of their deliveries, but those of the deliveries `without`."""
    both: list[Statement | Decision] = [*statements, *decisions]
    return sorted((one for one in both if one.delivery not in without), key=lambda one: one.delivery)


def keep_first(connection: sqlite3.Connection, identities: Iterable[bytes]) -> None:
    """Keeps what was said first of texts that were said once, before they are said again."""
    connection.executemany(KEEP_FIRST.format(of="identity = ?"), ((one,) for one in identities))
