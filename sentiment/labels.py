"""The label table: the one place that knows what 0, 1 and 2 mean."""

from __future__ import annotations

from dataclasses import dataclass

from sentiment.errors import InputError


@dataclass(frozen=True)
class Labels:
    """A label set. A label's id is its position.

    `names` are shown to people and written to exports; `english` are the names that the older tool's console printed.
    """

    names: tuple[str, ...] = ("正面", "負面", "中立")
    english: tuple[str, ...] = ("positive", "negative", "neutral")

    def __post_init__(self) -> None:
        for table in (self.names, self.english):
            if len(set(table)) != len(table) or len(table) < 2:
                raise InputError(
                    "a label set must hold at least two different names",
                    found=f"labels={','.join(table)!r}",
                    do="Correct SENTIMENT_LABELS and SENTIMENT_LABELS_ENGLISH.",
                )
        if len(self.names) != len(self.english):
            raise InputError(
                "every label must have a name and an English name",
                found=f"{len(self.names)} names and {len(self.english)} English names",
                do="Correct SENTIMENT_LABELS or SENTIMENT_LABELS_ENGLISH.",
            )

    def __len__(self) -> int:
        return len(self.names)

    def parse(self, value: str) -> int | None:
        """Returns the label id that `value` names (an id, a name or an English name), or None."""
        text = value.strip()
        for table in (tuple(map(str, range(len(self)))), self.names):
            if text in table:
                return table.index(text)
        lowered = text.lower()
        return self.english.index(lowered) if lowered in self.english else None

    def describe(self) -> str:
        """Returns the table in one line, for messages: `0 正面 · 1 負面 · 2 中立`."""
        return " · ".join(f"{index} {name}" for index, name in enumerate(self.names))
