"""One row of a delivery file, whatever the file's format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from sentiment.data.tsv import OPTIONAL

# What our own files, Label Studio (a control's name in its template) and doccano call these columns.
TEXT_NAMES = ("text", "data")
LABEL_NAMES = ("label", "labels", "sentiment", "choice", "cats")
MOST_COLUMNS = 1_000  # of a table, and fields of an object: a row of few characters costs as much as it has columns
TOO_WIDE = f"the file has more than {MOST_COLUMNS:,} columns"
TOO_MANY = "more rows than a file of this size may hold: {:,} were read, and none from here on"


class Columns(NamedTuple):
    """The columns of a row that a post is made of, as they were read."""

    text: str = ""
    label: str = ""
    title: str = ""
    source: str = ""


class Record(NamedTuple):
    """One row: the number of its line (or of its element), and its columns or the error that spoiled it.

    `raw` is the row as it was in the file, as far as it could be read. A record with an error may have columns, too,
    but no label that could be taken for a good one when the row is delivered again.
    """

    number: int
    raw: str
    columns: Columns = Columns()
    error: str = ""


class UnreadableFile(Exception):
    """Nothing can be read from this file; the message is the reason."""

    def __init__(self, reason: str, raw: str = "") -> None:
        super().__init__(reason)
        self.raw = raw


def up_to(records: Iterable[Record], most: int) -> Iterator[Record]:
    """Yields the records, at most so many; the next one is an error, and the last."""
    rest = iter(records)
    yield from islice(rest, most)
    for record in rest:
        yield Record(record.number, "", error=TOO_MANY.format(most))
        return


def by_cleaned_name(names: Iterable[str]) -> dict[str, list[str]]:
    """Returns the names as they are in the file, by their stripped form in small letters."""
    cleaned: dict[str, list[str]] = {}
    for name in names:
        cleaned.setdefault(name.strip().lower(), []).append(name)
    return cleaned


def text_names(cleaned: Mapping[str, list[str]]) -> dict[str, str]:
    """Returns which names are the text, the title and the source; one that the file has twice is left out."""
    found = {}
    for column, wanted in (("text", TEXT_NAMES), *((column, (column,)) for column in OPTIONAL)):
        present = next((cleaned[name] for name in wanted if name in cleaned), [])
        if len(present) == 1:
            found[column] = present[0]
    return found


def label_names(cleaned: Mapping[str, list[str]], label_field: str = "") -> list[str]:
    """Returns the names that could be the label's: the one that the setting names, or those in use for it."""
    if chosen := cleaned.get(label_field.strip().lower()) if label_field.strip() else None:
        return chosen
    return [name for wanted in LABEL_NAMES for name in cleaned.get(wanted, ())]
