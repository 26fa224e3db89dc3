"""Reads posts that need no label, with their source and night; a label that is there is kept to compare with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sentiment.data.posts import columns_of, named_rows
from sentiment.data.tsv import Post, one_line, whole_number
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.text.taipei import TAIPEI

NIGHTS = ("night", "date", "time")  # columns that tell the night, the first of them that is there
NO_LABEL = -1
LONGEST_NAME = 60


class Row(NamedTuple):
    """A post (its label is -1 when it has none), and the night that it is of ("" when none is told)."""

    post: Post
    night: str


def read_rows(paths: Iterable[Path], labels: Labels) -> Iterator[Row]:
    """Yields the posts of delimited files in order.

    Raises: InputError when a file is missing or has no column text, or a label is there that is none of the model's.
    """
    for path in paths:
        nights = [name for name in NIGHTS if name in columns_of(path)]
        for number, fields in named_rows(path):
            label = _label(path, number, fields.get("label", ""), labels)
            source = one_line(fields.get("source", ""))[:LONGEST_NAME]
            post = Post(one_line(fields["text"]), label, one_line(fields.get("title", "")), source)
            yield Row(post, night_of(_first(fields, nights)))


def _first(fields: Mapping[str, str], names: list[str]) -> str:
    return fields[names[0]] if names else ""


def night_of(time: str) -> str:
    """Returns the date in Taipei of a date or a time in ISO 8601 (without a zone: as written); other text unchanged."""
    try:
        found = datetime.fromisoformat(time)
        return (found.astimezone(TAIPEI) if found.tzinfo else found).date().isoformat()
    except (ValueError, OverflowError):  # the latter: a time of the year 1 may be one of the year before
        return one_line(time)[:LONGEST_NAME]


def _label(path: Path, number: int, text: str, labels: Labels) -> int:
    if not text.strip():
        return NO_LABEL
    label = labels.parse(whole_number(text))
    if label is None:
        raise InputError(
            f"a label in {path} must be one of {labels.describe()}, or empty",
            found=f"in line {number} {text[:40]!r}",
            do="Correct it, or remove the column label: an estimate needs none.",
        )
    return label
