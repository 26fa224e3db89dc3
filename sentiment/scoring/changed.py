"""Two versions' scores of the same posts, a shard of each at a time: what flipped, by source and month; examples."""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from sentiment.errors import InputError
from sentiment.results.scoring import Direction, Example, Part
from sentiment.scoring.beginnings import beginnings
from sentiment.scoring.columns import OURS, TEXT_ID, Columns
from sentiment.scoring.fitting import misfit
from sentiment.scoring.months import months_of
from sentiment.scoring.parquet_rows import in_a_line
from sentiment.scoring.places import Place
from sentiment.scoring.shards import Shard
from sentiment.text.harmless import MOST_READ, one_line

EXAMPLES = 5  # of each direction
SOURCES = 20  # that are told apart
LONGEST_TEXT, LONGEST_NAME = 240, 60  # characters
MOST_OF_SOURCE = 1_000  # characters that are looked at for the name of a source: it may begin with blanks
NAMES_AT_ONCE = 1_000  # of sources, that are known without being looked at again
Counts = dict[str, NDArray[np.int64]]  # [label before, label after] by name


@dataclass
class Changes:
    """Counts [label before, label after] by source, and by month; `surest` are examples by direction."""

    labels: int
    of_sources: Counts = field(default_factory=dict)
    of_months: Counts = field(default_factory=dict)
    surest: dict[tuple[int, int], list[tuple[float, int, Example]]] = field(default_factory=dict)
    only_before: int = 0
    only_after: int = 0
    _seen: int = 0

    def add(self, before: pa.Table, after: pa.Table, columns: Columns) -> None:
        """Adds a shard's rows by both versions, of which `before` has scores alone."""
        rows_before, rows_after = (table.column(f"{OURS}row").to_numpy() for table in (before, after))
        _, at_before, at_after = np.intersect1d(rows_before, rows_after, assume_unique=True, return_indices=True)
        self.only_before += len(rows_before) - len(at_before)
        self.only_after += len(rows_after) - len(at_after)
        before, after = before.take(pa.array(at_before)), after.take(pa.array(at_after))
        old, new = (table.column(f"{OURS}label_id").to_numpy().astype(np.int64) for table in (before, after))
        places = columns.found([name for name in after.column_names if not name.startswith(OURS)])
        sources = _sources(after, places.get("source"))
        months = months_of(after.column(places["time"])).to_pylist() if "time" in places else [""] * len(new)
        for counts, names in ((self.of_sources, sources), (self.of_months, months)):
            for (name, was, now), number in Counter(zip(names, old, new, strict=True)).items():
                counts.setdefault(name, np.zeros((self.labels,) * 2, np.int64))[was, now] += number
        self._examples(before, after, old, new, places)

    def _examples(
        self, before: pa.Table, after: pa.Table, old: NDArray[np.int64], new: NDArray[np.int64], places: dict[str, int]
    ) -> None:
        flipped = np.flatnonzero(old != new)
        if not len(flipped):
            return
        chances = [np.stack([table.column(f"{OURS}p{label}").to_numpy() for label in range(self.labels)], 1)
                   for table in (before, after)]  # fmt: skip
        sure = [table[flipped, label[flipped]] for table, label in zip(chances, (old, new), strict=True)]
        for place in np.argsort(-(sure[0] * sure[1]))[: EXAMPLES * self.labels**2 * 4]:
            row = int(flipped[place])
            direction = (int(old[row]), int(new[row]))
            kept = self.surest.setdefault(direction, [])
            strength = float(sure[0][place] * sure[1][place])
            if len(kept) < EXAMPLES or strength > kept[0][0]:
                self._seen += 1
                example = _example(after, row, direction, (sure[0][place], sure[1][place]), places)
                (heapq.heappush if len(kept) < EXAMPLES else heapq.heapreplace)(kept, (strength, -self._seen, example))

    @property
    def total(self) -> NDArray[np.int64]:
        return sum(self.of_months.values(), np.zeros((self.labels,) * 2, np.int64))

    def directions(self) -> list[Direction]:
        """Returns how many posts went from each label to each other one, the most first."""
        total = self.total
        found = [
            Direction(before=int(old), after=int(new), posts=int(total[old, new]))
            for old, new in np.argwhere(total)
            if old != new
        ]
        return sorted(found, key=lambda one: -one.posts)

    def by_source(self) -> tuple[list[Part], int]:
        """Returns the largest sources, and how many more there are."""
        parts = sorted(_parts(self.of_sources), key=lambda part: (-part.posts, part.name))
        return parts[:SOURCES], max(0, len(parts) - SOURCES)

    def by_month(self) -> list[Part]:
        return sorted(_parts(self.of_months), key=lambda part: part.name)

    def examples(self) -> list[Example]:
        """Returns the examples, those of the most frequent direction first, and the surest first."""
        order = [(one.before, one.after) for one in self.directions()]
        kept = [sorted(self.surest.get(direction, []), key=lambda one: one[:2], reverse=True) for direction in order]
        return [example for some in kept for _, _, example in some]


def _parts(counts: Counts) -> Iterator[Part]:
    for name, moved in counts.items():
        posts = int(moved.sum())
        yield Part(
            name=name, posts=posts, flipped=posts - int(np.trace(moved)),
            before=moved.sum(axis=1).tolist(), after=moved.sum(axis=0).tolist(),
        )  # fmt: skip


def _example(
    table: pa.Table, row: int, direction: tuple[int, int], sure: tuple[float, float], places: dict[str, int]
) -> Example:
    def of(part: str, longest: int) -> str:
        if part not in places:
            return ""
        [found] = beginnings(table.column(places[part]).slice(row, 1), MOST_READ + 1)  # one more: it is seen to be cut
        return one_line(found, longest)

    return Example(
        before=direction[0], after=direction[1], sure_before=round(float(sure[0]), 4),
        sure_after=round(float(sure[1]), 4), text=of("text", LONGEST_TEXT), source=of("source", LONGEST_NAME),
        time=of("time", LONGEST_NAME), text_id=_text_id(table, row),
    )  # fmt: skip


def _text_id(table: pa.Table, row: int) -> str:
    found = table.column(TEXT_ID)[row].as_py() if TEXT_ID in table.column_names else None
    return found.hex() if found else ""


def _sources(table: pa.Table, place: int | None) -> Iterator[str]:
    """Yields the sources one after the other: of all rows, the long ones would take gigabytes."""
    if place is None:
        return iter([""] * len(table))
    shown = lru_cache(NAMES_AT_ONCE)(lambda found: one_line(found, MOST_OF_SOURCE)[:LONGEST_NAME])
    return (shown(found) for found in beginnings(table.column(place), MOST_OF_SOURCE))


def pairs(before: list[Shard], after: list[Shard]) -> tuple[list[tuple[Shard, Shard]], list[Shard], list[Shard]]:
    """Returns the shards that both versions have, and those that one alone has."""
    of_before, of_after = ({(one.id, one.index): one for one in shards} for shards in (before, after))
    both = [(of_before[key], of_after[key]) for key in sorted(of_before.keys() & of_after.keys())]
    return (
        both,
        [of_before[key] for key in sorted(of_before.keys() - of_after.keys())],
        [of_after[key] for key in sorted(of_after.keys() - of_before.keys())],
    )


def table_of(place: Place, shard: Shard, labels: int, columns: Columns | None) -> pa.Table:
    """Returns a shard's scores; without `columns`, also without those of the posts.

    Raises: InputError when they are gone or damaged, or cannot be what was written.
    """
    content = place.read(shard.path)
    if content is not None and shard.sha256 and hashlib.sha256(content).hexdigest() != shard.sha256:
        raise _not_as_written(place, shard, "another content than the ledger has the sum of")
    try:
        opened = parquet.ParquetFile(pa.BufferReader(content or b""))
        names = None if columns else [name for name in opened.schema_arrow.names if name.startswith(OURS)]
        table = opened.read(columns=names)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _not_as_written(place, shard, "no file" if content is None else in_a_line(error)) from None
    if wrong := misfit(table, shard, labels, columns):
        raise _not_as_written(place, shard, wrong)
    return table


def _not_as_written(place: Place, shard: Shard, found: str) -> InputError:
    return InputError(
        f"{place.address}/{shard.path} must hold the scores that were written",
        found=found,
        do="Remove it if it is there, and give `sentiment score` for that version again.",
    )
