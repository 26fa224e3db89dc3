"""What a version was trained on, by label, source and night: new rows and old ones as bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sentiment.models_page.wording import is_count, text

KINDS = (("per_source", "By source"), ("per_night", "By night of delivery"))


@dataclass(frozen=True)
class Bar:
    """One source's or night's rows; `new_to` and `old_to` are where its bars end, in hundredths of the longest."""

    name: str
    new: int
    old: int
    new_to: float
    old_to: float


@dataclass(frozen=True)
class Part:
    title: str
    bars: list[Bar]


def parts(prepare: Mapping[str, Any] | None) -> list[Part]:
    """Returns the bars of a `prepare.json`; none when nothing was composed. Raises one of `AMISS` on another shape."""
    table = prepare.get("composition") if prepare else None
    if not table:
        return []
    return [Part(title, _bars([_counted(kind, line) for line in table[kind]])) for kind, title in KINDS]


def _counted(kind: str, line: Mapping[str, Any]) -> tuple[str, int, int]:
    new, old = (sum(count for count in line[name] if is_count(count)) for name in ("new", "added"))
    name = line["name"]
    if name is None:
        return f"{line['members']:,} others", new, old
    empty = "without a source" if kind == "per_source" else "unknown"
    return text(name, 60) or empty, new, old


def _bars(counted: list[tuple[str, int, int]]) -> list[Bar]:
    longest = max((new + old for _, new, old in counted), default=0) or 1
    return [
        Bar(name, new, old, round(100 * new / longest, 1), round(100 * (new + old) / longest, 1))
        for name, new, old in counted
        if new + old
    ]
