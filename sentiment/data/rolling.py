"""The rolling test set: the newest texts that are tested on, of which no source has more than its share."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sentiment.data.composition import HELD_OUT, ON_SIDE, ROLLING, as_posts, of_trusted
from sentiment.data.tsv import Post

OF_BASE = (
    f"FROM base WHERE side = {ROLLING}"
    " AND identity NOT IN (SELECT identity FROM dealt WHERE kind IN ('rolling', 'contested', 'apart'))"
    f" AND NOT {ON_SIDE.format(HELD_OUT, 'base')}"
)


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
    and trained on never.
    """
    beyond, parameters = _beyond_the_share(connection, cap)
    may_test, names = of_trusted(cap.trusted)
    return as_posts(
        connection.execute(
            f"""SELECT text, label, title, source FROM (
                SELECT text, label, title, source, 0 AS delivery, position, identity {OF_BASE}
                UNION ALL
                SELECT posts.text, posts.label, posts.title, posts.source, posts.delivery, 0, posts.identity
                FROM dealt JOIN posts ON posts.row = dealt.post WHERE kind = 'rolling' AND {may_test} AND NOT ({beyond})
                ORDER BY delivery DESC, position DESC, identity DESC LIMIT ?
            ) ORDER BY delivery, position, identity""",
            (*names, *parameters, cap.rows),
        )
    )


def _beyond_the_share(connection: sqlite3.Connection, cap: Cap) -> tuple[str, list[object]]:
    """Returns the SQL condition that a dealt row is beyond its source's share, and its parameters."""
    may_test, names = of_trusted(cap.trusted)
    by_source = f"SELECT source, count(*) FROM dealt WHERE kind = 'rolling' AND {may_test} GROUP BY source"
    delivered: dict[str, int] = dict(connection.execute(by_source, names).fetchall())
    others = connection.execute(f"SELECT count(*) {OF_BASE}").fetchone()[0]
    most = most_of_a_source(delivered, others, cap)
    condition, parameters = "0", list[object]()
    for source in (name for name, number in delivered.items() if most is not None and number > most):
        first_left_out = connection.execute(
            "SELECT delivery, identity FROM dealt WHERE kind = 'rolling' AND source = ?"
            " ORDER BY delivery DESC, identity DESC LIMIT 1 OFFSET ?",
            (source, most),
        ).fetchone()
        condition += " OR (dealt.source = ? AND (dealt.delivery, dealt.identity) <= (?, ?))"
        parameters += [source, *first_left_out]
    return condition, parameters
