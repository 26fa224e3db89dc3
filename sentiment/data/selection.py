"""Selects rows of the ledger: those that a model has seen, and those that a run may take, by day and by source.

A watermark can say "deliveries 1 to 7", but not "of delivery 8 only what came from one forum". Slices can, and they
stay true: a post that gets another label moves to a later delivery, outside every slice that was made before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sentiment.errors import InputError
from sentiment.results.deliveries import SeenSlice
from sentiment.results.model_card import TrainedOn
from sentiment.text.taipei import night_of


@dataclass(frozen=True)
class Slice:
    """The posts of the deliveries `first` to `last`; only those of `sources`, unless that is None."""

    first: int
    last: int
    sources: tuple[str, ...] | None = None


Slices = tuple[Slice, ...]  # the posts that are in any of them


@dataclass(frozen=True)
class Restriction:
    """The days of delivery (in Taipei, both included) and the sources that a run is limited to; empty: no limit."""

    since: date | None = None
    until: date | None = None
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.since and self.until and self.since > self.until:
            raise InputError(
                "the first day of a range must not be after its last",
                found=f"{self.since} to {self.until}",
                do="Swap the two days.",
            )

    @property
    def restricts(self) -> bool:
        return bool(self.since or self.until or self.sources)

    @property
    def takes_undated(self) -> bool:
        """Whether the range of days includes the posts that came before every delivery."""
        return self.since is None

    def slices(self, delivered: Sequence[tuple[int, str]]) -> Slices:
        """Returns the restriction in terms of `delivered`: the numbers and times (ISO 8601) of the deliveries."""
        numbers = sorted(number for number, at in delivered if self._has(night_of(at)))
        return tuple(Slice(first, last, self.sources or None) for first, last in _ranges(numbers))

    def _has(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


NO_LIMIT = Restriction()


def up_to(watermark: int) -> Slices:
    """Returns everything up to and including the delivery `watermark`."""
    return (Slice(1, watermark),) if watermark > 0 else ()


def seen_by(data: TrainedOn) -> Slices:
    """Returns what a model has seen: all up to its `watermark`, and `seen` beyond it.

    A model that was trained elsewhere has neither, because it has seen no delivery.
    """
    more = (Slice(item.first, item.last, _names(item.sources)) for item in data.seen or ())
    return united(up_to(data.watermark or 0), tuple(more))


def beyond(seen: Slices) -> list[SeenSlice]:
    """Returns what was seen of the deliveries after the watermark, for a model.json."""
    mark = watermark_of(seen)
    return [
        SeenSlice(
            first=max(item.first, mark + 1),
            last=item.last,
            sources=None if item.sources is None else list(item.sources),
        )
        for item in seen
        if item.last > mark
    ]


def watermark_of(seen: Slices) -> int:
    """Returns the largest delivery up to which everything is in `seen`."""
    return max((item.last for item in seen if item.first <= 1 and item.sources is None), default=0)


def united(one: Slices, other: Slices) -> Slices:
    """Returns the slices that hold what is in `one` or in `other`, as few as possible."""
    by_sources: dict[tuple[str, ...] | None, list[tuple[int, int]]] = {}
    for item in (*one, *other):
        by_sources.setdefault(_names(item.sources), []).append((item.first, item.last))
    whole = [Slice(first, last) for first, last in _merged(by_sources.pop(None, []))]
    partial = [Slice(*span, names) for names, spans in by_sources.items() for span in _merged(spans)]
    kept = [item for item in partial if not any(w.first <= item.first and item.last <= w.last for w in whole)]
    return tuple(sorted((*whole, *kept), key=lambda item: (item.first, item.last, item.sources or ())))


def condition(slices: Slices, delivery: str = "delivery", source: str = "source") -> tuple[str, list[int | str]]:
    """Returns the SQL condition that a row is in any of `slices`, and its parameters."""
    parts, parameters = ["0"], list[int | str]()
    for item in slices:
        part = f"{delivery} BETWEEN ? AND ?"
        parameters += [item.first, item.last]
        if item.sources is not None:
            part += f" AND {source} IN ({', '.join('?' * len(item.sources))})"
            parameters += item.sources
        parts.append(part)
    return "(" + " OR ".join(parts) + ")", parameters


def _names(sources: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if sources is None else tuple(sorted(set(sources)))


def _ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    return _merged([(number, number) for number in numbers])


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Returns the ranges, with those that touch or overlap merged."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged
