"""Reads a file of posts that somebody names: TSV or CSV, in any encoding that a delivery may have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sentiment.data.formats.encoding import READ, Encoding, detect, is_unlikely
from sentiment.data.formats.opened import SAMPLE, opened
from sentiment.data.formats.record import UnreadableFile
from sentiment.data.rows import Row, RowReader, delimiter_of, delimiter_within, fitted
from sentiment.data.tsv import OPTIONAL, REQUIRED, Post, one_line, whole_number
from sentiment.errors import InputError, NoSuchFile
from sentiment.labels import Labels

DOUBLE_BYTE = frozenset(encoding.name for encoding in READ)
ENCODED = "Give UTF-8: `iconv -f BIG5 -t UTF-8` translates from Big5, for example."

NAME_POSTS = "Name a file of posts."


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


def encoding_of(path: Path) -> Encoding:
    """Returns the encoding that the beginning of a file shows.

    Raises: InputError when there is no such file, or its encoding is not certain.
    """
    if not path.is_file():
        raise NoSuchFile(path, do=NAME_POSTS)
    with path.open("rb") as handle:
        try:
            return detect(opened(handle).file.peek(SAMPLE))
        except UnreadableFile as error:
            raise InputError(f"{path} must be text", found=str(error), do=ENCODED) from None


@contextmanager
def opened_rows(path: Path) -> Iterator[RowReader]:
    """Yields the rows of a delimited file, in the encoding that its beginning shows. Raises as `encoding_of` does."""
    encoding = encoding_of(path)
    with path.open("rb") as handle:
        sample = opened(handle, encoding).file.peek(SAMPLE)
        delimiter = delimiter_within(sample, delimiter_of(path), _names_a_text)
        file, broken = opened(handle, encoding)
        yield RowReader(file, delimiter, encoding.name, broken)


def _require_certain(path: Path, reader: RowReader, number: int, text: str) -> None:
    """Raises: InputError when a line of a double-byte file need not be in the file's encoding."""
    if reader.encoding in DOUBLE_BYTE and is_unlikely(text):
        raise InputError(
            f"{path} must be in one encoding",
            found=f"{reader.encoding}, and in line {number} what need not be",
            do=ENCODED,
        )


def columns_of(path: Path) -> list[str]:
    """Returns the names of a file's columns in small letters; of a file without a header, what its first line holds."""
    with opened_rows(path) as reader:
        header = reader.header()
        return [field.strip().lower() for field in header.fields] if header else []


def named_rows(path: Path, *more: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields the line and the stripped fields, by the column's name, of each row of a file with a column `text`.

    Raises: InputError when it, or a column of `more`, is missing or there twice, or a row is not like the header.
    """
    columns, required = columns_of(path), ("text", *more)
    if any(columns.count(name) != 1 for name in required):
        raise InputError(
            f"{path} must have {' and '.join(f'one column {name}' for name in required)}",
            found=repr(", ".join(columns)[:80]) if columns else "an empty file",
            do="Correct its header.",
        )
    with opened_rows(path) as reader:
        reader.header()
        for row in reader.rows(lambda fields: len(fitted(fields, len(columns))) == len(columns)):
            fields = fitted(row.fields, len(columns))
            if row.error or len(fields) != len(columns) or len(row.fields) <= columns.index("text"):
                raise InputError(
                    f"every row of {path} must be like its header",
                    found=f"in line {row.number} {row.error or f'{len(row.fields)} columns instead of {len(columns)}'}",
                    do="Correct or remove that row; a text that holds the delimiter needs quotes around it.",
                )
            named = dict(zip(columns, map(str.strip, fields), strict=True))
            _require_certain(path, reader, row.number, named["text"])
            yield row.number, named


def has_rows(path: Path) -> bool:
    """Tells whether a file has more than its header; one that does not exist has nothing."""
    return path.is_file() and len(path.read_bytes().splitlines()) > 1


def _names_a_text(header: tuple[str, ...]) -> bool:
    return "text" in {name.strip().lower() for name in header}


def read_posts(path: Path, labels: Labels) -> list[Post]:
    """Returns the posts of `path` in order; labels may be ids, names or English names.

    Raises: InputError when the file is missing, has no such header or no rows, or holds a row that is not a post.
    """
    return list(each_post(path, labels))


def each_post(path: Path, labels: Labels) -> Iterator[Post]:
    """Yields the posts of `path` in order, whatever its size; raises as `read_posts` does, on reaching the error."""
    with opened_rows(path) as reader:
        header = _header(path, reader.header())
        empty = True
        for row in reader.rows(lambda fields: header.is_complete(fields, labels)):
            empty = False
            post = _post(path, header, row, labels)
            _require_certain(path, reader, row.number, post.text)
            yield post
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
