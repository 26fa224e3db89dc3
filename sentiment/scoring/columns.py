"""Which columns of a file are the text, the title, the name, the time and the source of a post."""

from __future__ import annotations

from collections.abc import Sequence

from sentiment.data.formats.record import by_cleaned_name
from sentiment.results.record import Record
from sentiment.text.harmless import visible

TWICE = "more than one column {}"
LONGEST_NAME = 60  # characters
OURS = "sentiment_"  # how the names of the columns begin that are added
TEXT_ID = f"{OURS}text_id"  # the identity of a text
USUAL = {"text": "text", "title": "title", "id": "id", "time": "time", "source": "source"}


class Columns(Record, frozen=True, kw_only=True):
    """The names that somebody gave; None is the usual name, where the file has such a column."""

    text: str = USUAL["text"]
    title: str | None = None
    id: str | None = None
    time: str | None = None
    source: str | None = None

    def wanted(self) -> list[str]:
        """Returns the names of the columns that a file must have."""
        return [name for name in (self.text, self.title, self.id, self.time, self.source) if name is not None]

    def of_parts(self) -> frozenset[str]:
        """Returns the names of all parts of a post, in small letters."""
        return frozenset((getattr(self, part) or usual).strip().lower() for part, usual in USUAL.items())

    def found(self, names: Sequence[str]) -> dict[str, int]:
        """Returns the places of the columns that a file with these `names` has, by what they are.

        Raises: NoColumn when one is missing that was named, is there twice, or has a name of ours.
        """
        cleaned, places = by_cleaned_name(names), {}
        for part, usual in USUAL.items():
            wanted = getattr(self, part)
            present = cleaned.get((wanted or usual).strip().lower(), [])
            if len(present) > 1:
                raise NoColumn(TWICE.format(wanted or usual))
            if not present and wanted is not None:
                raise NoColumn(f"no column {wanted}, but {', '.join(names)[:200] or 'none at all'}", missing=True)
            if present:
                places[part] = list(names).index(present[0])
        if ours := next((name for name in names if name.startswith(OURS)), None):
            raise NoColumn(f"a column {a_name_of_ours(ours)}")
        if len(set(names)) != len(names):
            raise NoColumn("two columns of the same name")
        return places


def a_name_of_ours(name: str) -> str:
    """Returns why a column or a row with that name is not scored, and what to do."""
    return f"{visible(name, LONGEST_NAME)}: names that begin with {OURS} are those of the scores; rename it"


class NoColumn(Exception):
    """The file cannot be scored for what its columns are; the message says why."""

    def __init__(self, reason: str, missing: bool = False) -> None:
        super().__init__(reason)
        self.missing = missing
