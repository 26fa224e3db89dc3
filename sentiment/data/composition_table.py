"""What a run's training rows consist of: per label, per source and per night, for the report to draw.

Lists have one number per label. `new` are rows that the stable model has not seen, `available` are old ones that could
be mixed in, `added` are those that were. `wanted` is what the mixing rule asks for; it asks per label, so a source's or
a night's part is its share of what is available. It is null where nothing is mixed (a full training takes every old
row). `name` is "" for posts without a source, "base" for the night of those that the system started from, and null
for the sum of all names that are not listed; `members` says how many sources, or deliveries, the line stands for.
The largest source comes first, and so does the oldest night.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sentiment.results.deliveries import Composition, LabelPart, MixPlan, Part, UsedDelivery

SOURCES_LISTED = 20
NIGHTS_LISTED = 60
BASE = "base"
COUNTS = "kind, label, sum(rows), sum(rows * (is_long >= ?)), sum(chosen) FROM tally WHERE kind IN ('new', 'old')"


@dataclass
class _Line:
    """The counts of one source or night, per label."""

    labels: int
    members: set[Any] = field(default_factory=set)
    new: list[int] = field(init=False)
    available: list[int] = field(init=False)
    added: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.new, self.available, self.added = ([0] * self.labels for _ in range(3))

    def count(self, kind: str, label: int, rows: int, long_enough: int, chosen: int) -> None:
        if kind == "new":
            self.new[label] += rows
        else:
            self.available[label] += long_enough
            self.added[label] += chosen

    def part(self, name: str | None, members: int, plan: MixPlan | None) -> Part:
        wanted = None
        if plan:
            wanted = [
                round(want * have / all_there_is) if all_there_is else 0
                for want, have, all_there_is in zip(plan.wanted, self.available, plan.available, strict=True)
            ]
        return Part(name=name, members=members, new=self.new, wanted=wanted, available=self.available, added=self.added)


def tabulate(
    connection: sqlite3.Connection, plan: MixPlan | None, labels: int, nights: Mapping[int, str]
) -> Composition:
    """Returns the table (see above) of what was dealt and chosen; `nights` are the days of the deliveries.

    With a `plan`, only the long rows were available; without one, all.
    """
    only_long = plan is not None
    lines = list(_nights(connection, labels, only_long, nights).items())
    per_night = [line.part(name, len(line.members), plan) for name, line in lines]
    total = _Line(labels)
    for _, line in lines:
        for label in range(labels):
            total.new[label] += line.new[label]
            total.available[label] += line.available[label]
            total.added[label] += line.added[label]
    per_label = [
        LabelPart(
            label=label,
            new=total.new[label],
            wanted=plan.wanted[label] if plan else None,
            available=total.available[label],
            added=total.added[label],
            result=total.new[label] + total.added[label],
        )
        for label in range(labels)
    ]
    return Composition(per_label=per_label, per_source=_sources(connection, plan, labels), per_night=per_night)


def _nights(
    connection: sqlite3.Connection, labels: int, only_long: bool, nights: Mapping[int, str]
) -> dict[str | None, _Line]:
    listed = set(sorted(set(nights.values()))[-NIGHTS_LISTED:])

    def name(delivery: int) -> str | None:
        night = nights.get(delivery, BASE)
        return night if night in listed or night == BASE else None

    rows = connection.execute(f"SELECT delivery, {COUNTS} GROUP BY delivery, kind, label", (only_long,))
    found = _gathered(rows, labels, name)
    # The base first, then what lies too far back to be listed, then night by night.
    return dict(sorted(found.items(), key=lambda item: (item[0] != BASE, item[0] or "")))


def _sources(connection: sqlite3.Connection, plan: MixPlan | None, labels: int) -> list[Part]:
    kinds = "WHERE kind IN ('new', 'old')"
    largest = f"SELECT source FROM tally {kinds} GROUP BY source ORDER BY sum(rows) DESC, source LIMIT ?"
    listed = [name for (name,) in connection.execute(largest, (SOURCES_LISTED,))]
    everyone = connection.execute(f"SELECT count(DISTINCT source) FROM tally {kinds}").fetchone()[0]
    group = f"CASE WHEN source IN ({', '.join('?' * len(listed))}) THEN source END"
    rows = connection.execute(
        f"SELECT {group} AS name, {COUNTS} GROUP BY name, kind, label", (*listed, plan is not None)
    )
    found = _gathered(rows, labels, lambda name: name)
    names = [*listed, *([None] if everyone > len(listed) else [])]
    return [found[name].part(name, 1 if name is not None else everyone - len(listed), plan) for name in names]


def _gathered(
    rows: Iterable[tuple[Any, str, int, int, int, int]], labels: int, name: Callable[[Any], str | None]
) -> dict[str | None, _Line]:
    lines: dict[str | None, _Line] = {}
    for member, kind, label, *counts in rows:
        line = lines.setdefault(name(member), _Line(labels))
        line.members.add(member)
        line.count(kind, label, *counts)
    return lines


def used_by_delivery(connection: sqlite3.Connection, labels: int) -> list[UsedDelivery]:
    """Returns the rows that were chosen, per delivery (0: the base) and label: `new` ones and `old` ones.

    A kind is left out where a delivery gave no rows of it.
    """
    query = "SELECT delivery, kind, label, sum(chosen) FROM tally WHERE chosen > 0 GROUP BY delivery, kind, label"
    found: dict[int, dict[str, list[int]]] = {}
    for delivery, kind, label, rows in connection.execute(query):
        found.setdefault(delivery, {}).setdefault(kind, [0] * labels)[label] = rows
    return [UsedDelivery(number=number, **found[number]) for number in sorted(found)]


def with_rows_of(used: Sequence[UsedDelivery], kind: Literal["new", "old"]) -> list[int]:
    """Returns the deliveries that gave rows of `kind`."""
    return [item.number for item in used if item.rows(kind) is not None]
