"""Our own files of labelled posts: TSV, UTF-8, one line per post, header `text<TAB>label`, label ids."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from sentiment import atomic
from sentiment.text import cells

REQUIRED = ("text", "label")
OPTIONAL = ("title", "source")
ROWS_AT_ONCE = 1_000


class Post(NamedTuple):
    """A labelled post. `title` is the first segment of the pair a model reads; `source` says where it came from."""

    text: str
    label: int
    title: str = ""
    source: str = ""


def whole_number(text: str) -> str:
    """Returns `1` for `1.0`, which pandas writes where a column has gaps, and any other text as it is."""
    number, point, zeros = text.strip().partition(".")
    return number if point and number.isdigit() and zeros and not zeros.strip("0") else text


def one_line(text: str) -> str:
    """Returns `text` stripped, with a space for every line break or tab in it: a post is one line of a file."""
    if "\n" not in text and "\r" not in text and "\t" not in text:  # nearly always: this is done millions of times
        return text.strip()
    return text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ").replace("\t", " ").strip()


def write_posts(path: Path, posts: Iterable[Post], optional: Collection[str] | None = None) -> int:
    """Replaces `path` with `posts`, atomically; returns how many there were.

    The columns `title` and `source` are written when any post has one. To find out, all posts are held in memory,
    unless `optional` says which of the two to write.
    """
    if optional is None:
        posts = list(posts)
        optional = _optional_of(posts)
    columns = [*REQUIRED, *(name for name in OPTIONAL if name in optional)]
    return write_rows(path, columns, map(itemgetter(*map(Post._fields.index, columns)), posts))


def write_rows(path: Path, columns: Sequence[str], rows: Iterator[tuple[str | int, ...]]) -> int:
    """Replaces `path` with rows that hold the values of these columns, atomically; returns how many there were."""
    written = 0
    with atomic.replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
        writer.writerow(columns)
        while block := list(islice(rows, ROWS_AT_ONCE)):
            written += len(block)
            if lines := _plain_lines(block):
                handle.write(lines)
                continue
            for values in block:
                writer.writerow([one_line(value) if isinstance(value, str) else value for value in values])
    return written


def _plain_lines(rows: Sequence[tuple[str | int, ...]]) -> str:
    """Returns what csv makes of the rows, "" where a value is to be quoted or stripped: nearly always none is."""
    width, number = len(rows[0]), len(rows)
    lines = ("\t".join(["%s"] * width) + "\n") * number % tuple(chain.from_iterable(rows))
    if '"' in lines or "\r" in lines or lines.count("\n") != number or lines.count("\t") != number * (width - 1):
        return ""
    values = lines[:-1].replace("\n", "\t").split("\t")
    return lines if list(map(str.strip, values)) == values else ""


def write_posts_for_people(path: Path, posts: Sequence[Post]) -> None:
    """Replaces `path` with `posts` as `write_posts` does, for a file that people open in a spreadsheet and edit.

    No cell begins a formula, and nothing in it is hidden. `read_posts` gives back the posts that were given.
    """
    columns = [*REQUIRED, *_optional_of(posts)]
    rows = [cells.row_of([one_line(str(getattr(post, name))) for name in columns]) for post in posts]
    is_escaped = any(said for _, said in rows)
    with atomic.replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
        writer.writerow([*columns, cells.COLUMN] if is_escaped else columns)
        writer.writerows([*row, said] if is_escaped else row for row, said in rows)


def _optional_of(posts: Sequence[Post]) -> list[str]:
    return [name for name in OPTIONAL if any(getattr(post, name) for post in posts)]
