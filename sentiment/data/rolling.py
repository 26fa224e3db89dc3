"""The rolling test set: the newest texts that are tested on, of which no source has more than its share."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sentiment.data.composition import COLUMNS, HELD_OUT, ON_SIDE, ROLLING, WITH_TEXTS, as_posts, of_trusted
from sentiment.data.tsv import Post

OF_BASE = (
    f"FROM base WHERE side = {ROLLING} AND NOT EXISTS (SELECT 1 FROM posts JOIN dealt ON dealt.number = posts.row"
    " WHERE posts.identity = base.identity AND dealt.kind IN ('rolling', 'contested', 'apart'))"
    f" AND NOT {ON_SIDE.format(HELD_OUT, 'base')}"
)

BEYOND = """CREATE TEMP TABLE beyond (
    source TEXT PRIMARY KEY, delivery INTEGER NOT NULL, identity BLOB NOT NULL
) WITHOUT ROWID"""


@dataclass(frozen=True)
class Cap:
    """The size of the rolling set: `rows` in all, and the `share` that one source may have while others deliver.

    A source may always have `least` rows: a second source with three texts must not leave a set of six. Of delivered
    rows, only those of `trusted` sources are in it; none: all.
    """

    rows: int
    share: float = 1.0
    least: int = 0
    trusted: tuple[str, ...] = ()


def most_of_a_source(delivered: Mapping[str, int], others: int, cap: Cap) -> int | None:
    """Returns how many rows a source may have, None for any number: when at most one source delivers.

    `delivered` are the rows that there are by source; `others` are those of the base, which always stay. It is the
    largest number that is no more than the share of the set that comes out.
    """
    if len(delivered) < 2:
        return None
    share = max(cap.share, 1 / len(delivered))
    low, high = 0, max(delivered.values())
    while low < high:
        middle = (low + high + 1) // 2
        together = min(cap.rows, others + sum(min(number, middle) for number in delivered.values()))
        low, high = (middle, high) if middle <= share * together + 1e-9 else (low, middle - 1)
    return max(low, cap.least)


def rolling(connection: sqlite3.Connection, cap: Cap) -> Iterator[Post]:
    """Yields the rolling test set from what was dealt: the rows of the base, then what was delivered, in order.

    Older rows, those beyond a source's share, and those of a source that is trusted no more, are tested on no more,
    and trained on never. Read it to its end before you ask for it again.
    """
    _note_shares(connection, cap)
    may_test, names = of_trusted(cap.trusted)
    return as_posts(
        connection.execute(
            f"""SELECT {COLUMNS} FROM (
                SELECT 0 AS delivery, position, identity, label, source, NULL AS post, position AS base {OF_BASE}
                UNION ALL
                SELECT dealt.delivery, 0, dealt.identity, label, source, post, NULL
                FROM dealt LEFT JOIN beyond USING (source)
                WHERE kind = 'rolling' AND {may_test} AND (beyond.source IS NULL
                    OR (dealt.delivery, dealt.identity) > (beyond.delivery, beyond.identity))
                ORDER BY delivery DESC, position DESC, identity DESC LIMIT ?
            ) AS dealt {WITH_TEXTS} ORDER BY dealt.delivery, dealt.position, dealt.identity""",
            (*names, cap.rows),
        )
    )


def _note_shares(connection: sqlite3.Connection, cap: Cap) -> None:
    """Notes, of each source that has more than its share, the newest row beyond it in the table `beyond`."""
    connection.execute("DROP TABLE IF EXISTS temp.beyond")
    connection.execute(BEYOND)
    may_test, names = of_trusted(cap.trusted)
    by_source = f"SELECT source, count(*) FROM dealt WHERE kind = 'rolling' AND {may_test} GROUP BY source"
    delivered: dict[str, int] = dict(connection.execute(by_source, names).fetchall())
    others = connection.execute(f"SELECT count(*) {OF_BASE}").fetchone()[0]
    most = most_of_a_source(delivered, others, cap)
    connection.executemany(
        "INSERT INTO beyond SELECT source, delivery, identity FROM dealt WHERE kind = 'rolling' AND source = ?"
        " ORDER BY delivery DESC, identity DESC LIMIT 1 OFFSET ?",
        ((source, most) for source, number in delivered.items() if most is not None and number > most),
    )
