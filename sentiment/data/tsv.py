"""Our own files of labelled posts: TSV, UTF-8, one line per post, header `text<TAB>label`, label ids."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sentiment import atomic
from sentiment.data.rows import Row, RowReader, delimiter_of, fitted
from sentiment.errors import InputError
from sentiment.labels import Labels

REQUIRED = ("text", "label")
OPTIONAL = ("title", "source")


@dataclass(frozen=True)
class Post:
    """A labelled post. `title` is the first segment of the pair a model reads; `source` says where it came from."""

    text: str
    label: int
    title: str = ""
    source: str = ""


@dataclass(frozen=True)
class Header:
    """Where the columns of a file are; columns with other names are allowed and ignored."""

    columns: tuple[str, ...]

    @classmethod
    def parse(cls, fields: tuple[str, ...]) -> Header | None:
        """Returns the header in `fields`, or None when they are not a header."""
        columns = tuple(field.strip().lower() for field in fields)
        known = [column for column in columns if column in REQUIRED + OPTIONAL]
        if len(set(known)) != len(known) or not set(REQUIRED) <= set(known):
            return None
        return cls(columns)

    def field(self, fields: tuple[str, ...], name: str) -> str:
        """Returns the field called `name` as one stripped line; empty when the file has no such column."""
        return one_line(fields[self.columns.index(name)]) if name in self.columns else ""

    def is_complete(self, fields: tuple[str, ...], labels: Labels) -> bool:
        """Tells whether `fields` are a row: as many as there are columns, with a known label."""
        fields = fitted(fields, len(self.columns))
        return len(fields) == len(self.columns) and labels.parse(whole_number(self.field(fields, "label"))) is not None

    def post(self, fields: tuple[str, ...], labels: Labels) -> Post | str:
        """Returns the post in `fields`, or the reason why there is none."""
        given, fields = len(fields), fitted(fields, len(self.columns))
        if len(fields) != len(self.columns) or given <= max(map(self.columns.index, REQUIRED)):
            return f"wrong number of columns: {given} instead of {len(self.columns)}"
        text, label = self.field(fields, "text"), labels.parse(whole_number(self.field(fields, "label")))
        if label is None:
            return f"unknown label {self.field(fields, 'label')[:40]!r}"
        if not text:
            return "empty text"
        return Post(text, label, self.field(fields, "title"), self.field(fields, "source"))


def whole_number(text: str) -> str:
    """Returns `1` for `1.0`, which pandas writes where a column has gaps, and any other text as it is."""
    number, point, zeros = text.strip().partition(".")
    return number if point and number.isdigit() and zeros and not zeros.strip("0") else text


def one_line(text: str) -> str:
    """Returns `text` stripped, with a space for every line break or tab in it: a post is one line of a file."""
    if "\n" not in text and "\r" not in text and "\t" not in text:  # nearly always: this is done millions of times
        return text.strip()
    return text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ").replace("\t", " ").strip()


def read_posts(path: Path, labels: Labels) -> list[Post]:
    """Returns the posts of `path` in order; labels may be ids, names or English names.

    Raises: InputError when the file is missing, has no such header or no rows, or holds a row that is not a post.
    """
    return list(each_post(path, labels))


def each_post(path: Path, labels: Labels) -> Iterator[Post]:
    """Yields the posts of `path` in order, whatever its size; raises as `read_posts` does, on reaching the error."""
    if not path.is_file():
        raise InputError("a file of labelled posts must exist", found=f"no file {path}", do="Correct the path.")
    delimiter = delimiter_of(path)
    with path.open("rb") as handle:
        reader = RowReader(handle, delimiter)
        header = _header(path, reader.header())
        empty = True
        for row in reader.rows(lambda fields: header.is_complete(fields, labels)):
            empty = False
            yield _post(path, header, row, labels)
    if empty:
        raise InputError(f"{path} must hold at least one labelled post", found="none", do="Add posts to it.")


def _header(path: Path, first: Row | None) -> Header:
    header = Header.parse(first.fields) if first and not first.error else None
    if header is None:
        raise InputError(
            f"{path} must start with a header that names the columns text and label",
            found=repr(first.raw[:80]) if first else "an empty file",
            do="Add it as the first line: text<TAB>label.",
        )
    return header


def _post(path: Path, header: Header, row: Row, labels: Labels) -> Post:
    post = row.error or header.post(row.fields, labels)
    if isinstance(post, str):
        raise InputError(
            f"every row of {path} must hold a text and one of the labels {labels.describe()}",
            found=f"line {row.number}: {post}",
            do="Correct or delete that line.",
        )
    return post


def write_posts(path: Path, posts: Iterable[Post], optional: Collection[str] | None = None) -> int:
    """Replaces `path` with `posts`, atomically; returns how many there were.

    The columns `title` and `source` are written when any post has one. To find out, all posts are held in memory,
    unless `optional` says which of the two to write.
    """
    if optional is None:
        posts = list(posts)
        optional = [name for name in OPTIONAL if any(getattr(post, name) for post in posts)]
    columns = [*REQUIRED, *(name for name in OPTIONAL if name in optional)]
    written = 0
    with atomic.replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
        writer.writerow(columns)
        for written, post in enumerate(posts, 1):  # noqa: B007 - the number is used after the last one
            writer.writerow([one_line(str(getattr(post, column))) for column in columns])
    return written
