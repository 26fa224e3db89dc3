"""The names that the objects of a shard of JSON Lines have together: they become the columns of a table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sentiment.data.formats.record import MOST_COLUMNS, TOO_WIDE
from sentiment.scoring.columns import TWICE, Columns


def why_no_text(value: Any) -> str:
    """Returns why a value cannot be scored; "" when it can."""
    if value is None:
        return "no text"
    if not isinstance(value, str):
        return "the text is no text"
    return "" if value.strip() else "empty text"


@dataclass
class Names:
    """The names of those objects that can be scored; others bring none, and so take no other object's place.

    What is one part of a post (Text and text) has one name in a shard: the first that any object has.
    """

    columns: Columns
    _names: dict[str, None] = field(default_factory=dict)
    _spelt: dict[str, str] = field(default_factory=dict)  # a part of a post, in small letters → its name
    _first: tuple[str, ...] = ()  # names of the first object, for a message

    def __post_init__(self) -> None:
        self._parts = self.columns.of_parts()

    def taken(self, values: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Returns an object's values under the names of the shard, and why they cannot be scored ("" when they can)."""
        self._first = self._first or tuple(values)
        values, twice = self._renamed(values)
        wrong = TWICE.format(twice) if twice else why_no_text(values.get(self._spelt.get(_part(self.columns.text), "")))
        if not wrong and len(self._names) + len(values.keys() - self._names.keys()) > MOST_COLUMNS:
            wrong = TOO_WIDE
        if not wrong:
            self._names |= dict.fromkeys(values)
        return values, wrong

    def of_shard(self, *, begins: bool) -> tuple[str, ...]:
        """Returns the names. `begins`: the file begins here, and must have the columns that somebody named."""
        wanted = {_part(name): name for name in self.columns.wanted()}
        if begins and self._first and not wanted.keys() <= self._spelt.keys():
            return self._first[:MOST_COLUMNS]  # a column is missing, and these are there
        return tuple(self._names | {self._spelt.get(part, name): None for part, name in wanted.items()})

    def _renamed(self, values: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Returns values under the shard's names, and a part of a post that they hold twice, or ""."""
        own = [(part, name) for name in values if (part := _part(name)) in self._parts]
        twice = next((part for part, count in Counter(part for part, _ in own).items() if count > 1), "")
        if not twice:
            self._spelt = dict(own) | self._spelt
        other = {name: known for part, name in own if (known := self._spelt.get(part, name)) != name}
        return ({other.get(name, name): value for name, value in values.items()} if other else values), twice


def _part(name: str) -> str:
    return name.strip().lower()
