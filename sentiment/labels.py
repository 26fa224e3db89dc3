"""The label table: the one place that knows what 0, 1 and 2 mean."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from sentiment.errors import InputError

LONGEST_NAME = 1_000  # characters of what may name a label: a stranger's file may state any


@dataclass(frozen=True)
class Labels:
    """A label set. A label's id is its position.

    `names` are shown to people and written to exports; `english` is what the older tool's console printed.
    """

    names: tuple[str, ...] = ("正面", "負面", "中立")
    english: tuple[str, ...] = ("positive", "negative", "neutral")
    _meanings: dict[str, int] = field(init=False, repr=False, compare=False)  # label id by spelling

    def __post_init__(self) -> None:
        for name in ("names", "english"):
            object.__setattr__(self, name, tuple(label.strip() for label in getattr(self, name)))
        for table in (self.names, self.english):
            if len(set(table)) != len(table) or len(table) < 2 or "" in table:
                raise InputError(
                    "a label set must hold at least two different names",
                    found=f"labels={','.join(table)!r:.300}",
                    do="Correct SENTIMENT_LABELS or SENTIMENT_LABELS_ENGLISH.",
                )
        if len(self.names) != len(self.english):
            raise InputError(
                "every label must have a name and an English name",
                found=f"{len(self.names)} names and {len(self.english)} English names",
                do="Give SENTIMENT_LABELS and SENTIMENT_LABELS_ENGLISH as many names as each other.",
            )
        object.__setattr__(self, "_meanings", self._one_meaning_each())

    def _one_meaning_each(self) -> dict[str, int]:
        """Returns the label id by spelling. A spelling of two would teach the model one of them by accident."""
        meanings: dict[str, int] = {}
        for label, spellings in enumerate(zip(self.names, self.english, strict=True)):
            for spelling in map(folded, (str(label), *spellings)):
                if meanings.setdefault(spelling, label) != label:
                    raise InputError(
                        "every spelling of a label must mean one label id",
                        found=f"{spelling!r:.60}, which means {meanings[spelling]} and {label} in "
                        f"{self.describe():.200} ({', '.join(self.english):.200})",
                        do="Set SENTIMENT_LABELS and SENTIMENT_LABELS_ENGLISH in the same order.",
                    )
        return meanings

    def __len__(self) -> int:
        return len(self.names)

    def parse(self, value: str) -> int | None:
        """Returns the label id that `value` names (an id, a name or an English name, in any case), or None."""
        label = self._meanings.get(value)
        return self._meanings.get(folded(value)) if label is None and len(value) <= LONGEST_NAME else label

    def describe(self) -> str:
        """Returns the table in one line, for messages: `0 正面 · 1 負面 · 2 中立`."""
        return " · ".join(f"{index} {name}" for index, name in enumerate(self.names))


def folded(name: str) -> str:
    """Returns a spelling without what makes no difference: width, case, blanks around it."""
    return unicodedata.normalize("NFKC", name).casefold().strip()
