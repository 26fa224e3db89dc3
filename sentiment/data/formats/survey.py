"""A first look at a whole file: which field holds the label, and on which tasks the annotators disagree.

Where a field or a control is not known by its name, it is known by what it holds; and rows of a task need not stand
together. So what cannot be told from one row is found out before the first row is taken.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from sentiment.data.formats import votes
from sentiment.data.formats.item import Error, Item, one_label
from sentiment.data.formats.record import LABEL_NAMES, MOST_COLUMNS, UnreadableFile
from sentiment.data.tsv import whole_number
from sentiment.labels import Labels

SENTIMENT_NAMES = frozenset({"sentiment", "情感", "情緒", "情绪"})
_AGAIN = ", and deliver the file under a new name"
OTHER_ANSWERS = (
    "the field '{}' is not known to hold the sentiment: set SENTIMENT_LABEL_FIELD to the field that does" + _AGAIN
)
MOST_LETTERS = 100 * MOST_COLUMNS  # of the names of a tool's fields together
MOST_VOTES = 10_000_000  # 8 bytes each
MANY_FIELDS = f"more than {MOST_COLUMNS:,} different fields may be the label, or their names are too long"
MANY_VOTES = f"more than {MOST_VOTES:,} answers: deliver the file in parts"
AMBIGUOUS = "more than one field may be the label: {}: set SENTIMENT_LABEL_FIELD to the one that is" + _AGAIN


@dataclass
class Holds:
    """What a field was seen to hold: how often anything, how often a label, whether a label that is no number."""

    seen: int = 0
    labels: int = 0
    names: bool = False


@dataclass
class _Tool:
    """The fields of one tool's items in a file."""

    known: bool = True
    agree: bool = True  # all fields of every item state the same label
    fields: dict[str, Holds] = field(default_factory=dict)
    letters: int = 0

    def begun(self, name: str) -> Holds:
        """Returns a field that was not seen before. Raises: UnreadableFile when there are too many of them."""
        self.letters += len(name)
        if len(self.fields) >= MOST_COLUMNS or self.letters > MOST_LETTERS:
            raise UnreadableFile(MANY_FIELDS)
        return self.fields.setdefault(name, Holds())


class Survey:
    """What a file holds."""

    def __init__(self, labels: Labels, label_field: str) -> None:
        self._labels, self._wanted = labels, label_field.strip().lower()
        self._tools: dict[str, _Tool] = {}
        self._votes: dict[str, array[int]] = {}
        self._chosen: dict[str, tuple[str, Error]] = {}
        self._disputed: frozenset[int] = frozenset()

    def take(self, items: Iterable[Item]) -> None:
        """Looks at every item, and then decides. Raises: UnreadableFile when they hold more than can be kept."""
        for item in items:
            tool = self._tools.setdefault(item.tool, _Tool())
            tool.known = tool.known and item.known
            for answers in item.answers:
                stated = set()
                for name, value in answers.items():
                    found = self._look(tool.fields.get(name) or tool.begun(name), value)
                    if found is not None:
                        stated.add(found)
                        if item.task and (item.against or not item.error):
                            cast = self._votes.setdefault(name, array("Q"))
                            cast.append(votes.vote(_task(item), found, item.against))
                tool.agree = tool.agree and len(stated) < 2
            if sum(map(len, self._votes.values())) > MOST_VOTES:
                raise UnreadableFile(MANY_VOTES)
        self._chosen = {name: self._choose(tool) for name, tool in self._tools.items()}
        ballots = [self._votes[chosen] for chosen, _ in self._chosen.values() if chosen in self._votes]
        self._disputed = frozenset(task for part in ballots for task in votes.disputed(part))

    def field_of(self, item: Item) -> tuple[str, Error]:
        """Returns the field that holds the label of an item, or why none is certain to."""
        if item.tool not in self._chosen:
            self.take([item])
        return self._chosen[item.tool]

    def is_disputed(self, item: Item) -> bool:
        """Tells whether the annotators of the item's task disagree."""
        return bool(self._disputed) and bool(item.task) and _task(item) in self._disputed

    def _look(self, holds: Holds, value: object) -> int | None:
        stated, error = one_label(value)
        if error == "no label":
            return None
        number = whole_number(stated)
        label = None if error else self._labels.parse(number)
        holds.seen += 1
        holds.labels += label is not None
        holds.names = holds.names or (label is not None and not number.strip().isdigit())
        return label

    def _choose(self, tool: _Tool) -> tuple[str, Error]:
        names = list(tool.fields)
        for name in names:
            if self._wanted and name.strip().lower() == self._wanted:
                return name, ""
        if not names:
            return "", ""
        told = [name for name in names if name.strip().lower() in SENTIMENT_NAMES]
        if tool.known and len(told) == 1:
            return told[0], ""
        fitting = names if len(names) == 1 else [name for name in names if _fits(tool.fields[name])]
        if len(fitting) > 1 and tool.agree and all(name.strip().lower() in LABEL_NAMES for name in fitting):
            fitting = fitting[:1]
        if len(fitting) != 1:
            shown = ", ".join(name[:40] for name in (fitting or names)[:5])
            return "", AMBIGUOUS.format(shown) if len(names) > 1 else ""
        return fitting[0], self._doubt(fitting[0], tool.fields[fitting[0]])

    def _doubt(self, name: str, holds: Holds) -> Error:
        """Returns why the only field that may be the label need not be it: bare numbers may answer any question."""
        known = name.strip().lower() in {*LABEL_NAMES, *SENTIMENT_NAMES, "annotation"}
        return "" if known or holds.names or not holds.seen else OTHER_ANSWERS.format(name[:40])


def _fits(holds: Holds) -> bool:
    """Tells whether a field may be the label: a typing mistake, or an answer more, must not leave it to another one."""
    return holds.seen > 0 and 2 * holds.labels >= holds.seen


def _task(item: Item) -> int:
    digest = hashlib.blake2b(f"{item.tool}\0{item.task}".encode("utf-8", "replace"), digest_size=votes.TASK_BYTES)
    return int.from_bytes(digest.digest())
