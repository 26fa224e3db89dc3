"""Rows of a delimited text file, read line by line as bytes; no line can spoil another.

The quoting is the csv module's, made robust against posts that were written without any: a field is quoted only if
it starts with a quote *and* is closed right before a delimiter or the end of the line; any other quote is a
character like every other. A quoted field may hold line breaks, but it never reaches over a line that is a complete
row by itself: a stray lone quote cannot swallow the rows behind it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MAXIMUM_LINE_BYTES = 262_144
MAXIMUM_JOINED_LINES = 50
LONGEST_SHOWN = 4_000  # bytes kept of a line that is too long
_QUOTED = {delimiter: re.compile(rf'"((?:[^"]++|"")*+)"(?={delimiter}|\Z)') for delimiter in ("\t", ",")}
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Row:
    """One row: its first line's number (1 is the header), its fields, or the error that left it without any."""

    number: int
    raw: str
    fields: tuple[str, ...] = ()
    error: str = ""


def delimiter_of(path: Path) -> str:
    """Returns the delimiter that a file's name promises: a comma for `.csv`, else a tab."""
    return "," if path.suffix.lower() == ".csv" else "\t"


def split_fields(line: str, delimiter: str) -> tuple[str, ...]:
    """Returns the fields of one row (see the module's rule for quotes); `line` has no line ending."""
    return _split(line, delimiter)[0]


def _split(text: str, delimiter: str) -> tuple[tuple[str, ...], bool]:
    """Returns the fields, and whether every line break is within a quoted one."""
    quoted = _QUOTED[delimiter]
    fields: list[str] = []
    closed, start = True, 0
    while True:
        if match := quoted.match(text, start):
            fields.append(match[1].replace('""', '"'))
            end = match.end()
        else:
            end = text.find(delimiter, start)
            end = len(text) if end < 0 else end
            fields.append(text[start:end])
            closed = closed and "\n" not in fields[-1]
        if end >= len(text):
            return tuple(fields), closed
        start = end + 1


IsComplete = Callable[[tuple[str, ...]], bool]


def read_lines(handle: BinaryIO, delimiter: str, watch: Callable[[bytes], object] = lambda _: None) -> Iterator[Row]:
    """Yields every line that is not blank as a row by itself; `watch` is given every byte read, in order."""
    number = 0
    while line := handle.readline(MAXIMUM_LINE_BYTES + 1):
        number += 1
        watch(line)
        too_long = len(line) > MAXIMUM_LINE_BYTES
        part = line
        while too_long and part and not part.endswith(b"\n"):
            part = handle.readline(MAXIMUM_LINE_BYTES)
            watch(part)
        line = line.removeprefix(BOM) if number == 1 else line
        row = _row(number, line.removesuffix(b"\n").removesuffix(b"\r"), too_long, delimiter)
        if row.error or row.raw.strip():
            yield row


def _row(number: int, line: bytes, too_long: bool, delimiter: str) -> Row:
    if too_long:
        return Row(number, line[:LONGEST_SHOWN].decode("utf-8", "backslashreplace"), error="line too long")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return Row(number, line.decode("utf-8", "backslashreplace"), error="not UTF-8")
    return Row(number, text, split_fields(text, delimiter))


def join_rows(lines: Iterator[Row], delimiter: str, is_complete: IsComplete) -> Iterator[Row]:
    """Yields the rows that `lines` make; `is_complete` tells whether fields are a row by themselves."""
    ahead: deque[Row] = deque()
    while row := ahead.popleft() if ahead else next(lines, None):
        if not row.error and '"' in row.raw and (row.fields[-1].startswith('"') or not is_complete(row.fields)):
            row = _continued(row, ahead, lines, delimiter, is_complete) or row
        yield row


def _continued(
    first: Row, ahead: deque[Row], lines: Iterator[Row], delimiter: str, is_complete: IsComplete
) -> Row | None:
    """Returns the row that `first` and the lines behind it make together, or None and leaves them in `ahead`."""
    raw, was_complete = first.raw, is_complete(first.fields)
    for taken in range(MAXIMUM_JOINED_LINES):
        if taken == len(ahead):
            line = next(lines, None)
            if line is None:
                return None
            ahead.append(line)
        following = ahead[taken]
        raw = f"{raw}\n{following.raw}"
        stops = is_complete(following.fields)
        if following.error or len(raw) > MAXIMUM_LINE_BYTES or (stops and was_complete):
            return None
        fields, closed = _split(raw, delimiter)
        if closed and is_complete(fields):
            for _ in range(taken + 1):
                ahead.popleft()
            return Row(first.number, raw, fields)
        if stops:  # the last line of a text that ends in `",1` looks complete, too: hence only now
            return None
    return None
