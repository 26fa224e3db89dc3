"""What each source delivered, night by night, as the ledger holds it now: labels counted, and a sample of the posts."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sentiment.data.composition import as_posts
from sentiment.data.ledger import Delivered, Ledger
from sentiment.data.sound_posts import IS_USED, require_labels
from sentiment.data.tsv import Post
from sentiment.language import marked
from sentiment.text.taipei import night_of

OTHERS = marked("all other sources")
EVERYBODY = marked("all sources")


@dataclass(frozen=True)
class Night:
    """The posts of one source in one night, or in several that are counted together up to it: counts by label."""

    day: date
    counts: tuple[int, ...]

    @property
    def rows(self) -> int:
        return sum(self.counts)


def counted(ledger: Ledger, labels: int, nights: int, sources: int) -> dict[str, list[Night]]:
    """Returns the nights of each source, oldest first, of the last `nights` nights with a delivery.

    Sources beyond the `sources` largest are one together. All together are one more, where there are several: who
    takes a new name every night is found there.
    """
    days = last_days(ledger.deliveries(), nights)
    by_source: dict[str, dict[date, list[int]]] = {}
    with ledger.reading() as connection:
        found = connection.execute(
            f"SELECT source, delivery, label, count(*) FROM posts WHERE delivery >= ? AND {IS_USED} GROUP BY 1, 2, 3",
            (min(days, default=0),),
        ).fetchall()
    require_labels((label for _, _, label, _ in found), labels)
    rows = Counter[str]()
    for source, _, _, number in found:
        rows[source] += number
    largest = {source for source, _ in rows.most_common(sources)}
    for source, delivery, label, number in found:
        if delivery not in days:  # a clock went back between two deliveries
            continue
        names = [source if source in largest else OTHERS, *([EVERYBODY] if len(rows) > 1 else [])]
        for name in names:
            by_source.setdefault(name, {}).setdefault(days[delivery], [0] * labels)[label] += number
    return {name: [Night(day, tuple(each[day])) for day in sorted(each)] for name, each in by_source.items()}


def last_days(deliveries: Sequence[Delivered], nights: int) -> dict[int, date]:
    """Returns the day, in Taipei, of the deliveries of the last `nights` days that have one, by their number."""
    days = {delivery.number: night_of(delivery.at) for delivery in deliveries}
    kept = set(sorted(set(days.values()))[-nights:])
    return {number: day for number, day in days.items() if day in kept}


def sampled(ledger: Ledger, nights: int, most: int) -> list[tuple[date, Post]]:
    """Returns up to `most` posts of each of the last `nights` nights, oldest first.

    Those with the smallest identities: they are hashes, so nothing else is special about these posts.
    """
    days = last_days(ledger.deliveries(), nights)
    with ledger.reading() as connection:
        return [(day, post) for day in sorted(set(days.values())) for post in _of_day(connection, day, days, most)]


def _of_day(connection: sqlite3.Connection, day: date, days: dict[int, date], most: int) -> Iterator[Post]:
    numbers = [number for number, its in days.items() if its == day]
    query = (
        f"SELECT text, label, title, source FROM posts WHERE delivery BETWEEN ? AND ? AND {IS_USED}"
        " ORDER BY identity LIMIT ?"
    )
    return as_posts(connection.execute(query, (min(numbers), max(numbers), most)))


def joined(nights: Sequence[Night], fewest: int) -> list[Night]:
    """Returns the nights with at least `fewest` rows; smaller ones count together with the next, the last ones wait."""
    found, waiting = list[Night](), list[tuple[int, ...]]()
    for night in nights:
        waiting.append(night.counts)
        together = Night(night.day, tuple(map(sum, zip(*waiting, strict=True))))
        if together.rows >= fewest:
            found.append(together)
            waiting.clear()
    return found
