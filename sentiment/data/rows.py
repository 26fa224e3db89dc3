"""Rows of a delimited text file, read line by line as bytes; no line can spoil another.

The quoting is the csv module's, made robust against posts that were written without quoting: a field is quoted only if
it starts with a quote *and* is closed right before a delimiter or the end of the line; any other quote is an ordinary
character. A quoted field may hold line breaks, but it never extends over a line that is a complete row by itself: a
stray quote cannot swallow the rows after it.
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
LONGEST_SHOWN = 4_000  # bytes kept of a row that cannot be read
_QUOTED = {delimiter: re.compile(rf'"((?:[^"]++|"")*+)"(?={delimiter}|\Z)') for delimiter in ("\t", ",")}
BOM = b"\xef\xbb\xbf"
_TRANSLATED = re.compile(rb"\xed[\xb0-\xb3][\x80-\xbf]")  # a byte that was not a character of the file's encoding


@dataclass(frozen=True)
class Row:
    """One row: its first line's number (1 is the header), and its fields or the error that left it without any."""

    number: int
    raw: str
    fields: tuple[str, ...] = ()
    error: str = ""


def delimiter_of(path: Path) -> str:
    """Returns the delimiter that a file's name suggests: a comma for `.csv`, otherwise a tab."""
    return "," if path.suffix.lower() == ".csv" else "\t"


def split_fields(line: str, delimiter: str) -> tuple[str, ...]:
    """Returns the fields of one row (see the module's rule for quotes); `line` has no line ending."""
    return _split(line, delimiter)[0]


def _split(text: str, delimiter: str) -> tuple[tuple[str, ...], bool]:
    """Returns the fields, and whether every line break is within a quoted one."""
    if '"' not in text:
        return tuple(text.split(delimiter)), "\n" not in text
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


def read_lines(
    handle: BinaryIO, delimiter: str, encoding: str = "UTF-8", broken: Callable[[], str] = lambda: ""
) -> Iterator[Row]:
    """Yields every line that is not blank as a row by itself.

    `encoding` is the name of the file's own encoding, for the error of a line that is not in it. When `broken` gives a
    reason at the end of the file, that reason becomes the error of the line that was cut off there.
    """
    for number, line, reason in bounded_lines(handle, MAXIMUM_LINE_BYTES, broken):
        line = line.removeprefix(BOM) if number == 1 else line
        row = _row(number, line.removesuffix(b"\n").removesuffix(b"\r"), reason, delimiter, encoding)
        if row.error or row.raw.strip():
            yield row


def bounded_lines(
    handle: BinaryIO, longest: int, broken: Callable[[], str] = lambda: ""
) -> Iterator[tuple[int, bytes, str]]:
    """Yields each line's number, its bytes (at most `longest` and one more), and a reason to refuse it (or "").

    When `broken` gives a reason at the end of the file, the line cut off there gets it, or else an empty last line.
    """
    number = 0
    while line := handle.readline(longest + 1):
        number += 1
        part = line
        while part and not part.endswith(b"\n"):
            part = handle.readline(longest)
        too_long = len(line) > longest
        reason = "line too long" if too_long else "" if line.endswith(b"\n") else broken()
        yield number, line, reason
        if reason and not too_long:
            return
    if reason := broken():
        yield number + 1, b"", reason


def _row(number: int, line: bytes, reason: str, delimiter: str, encoding: str) -> Row:
    if reason:
        return Row(number, shown(line[:LONGEST_SHOWN]), error=reason)
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return Row(number, shown(line), error=f"not {encoding}")
    return Row(number, text, split_fields(text, delimiter))


def shown(line: bytes) -> str:
    r"""Returns a line that may not be UTF-8 as text, with `\xa4` for a byte that is not a character."""
    return _TRANSLATED.sub(_escaped, line).decode("utf-8", "backslashreplace")


def _escaped(match: re.Match[bytes]) -> bytes:
    return b"\\x%02x" % (ord(match[0].decode("utf-8", "surrogatepass")) & 0xFF)


class _Credit:
    """Limits how many characters may be read again: joining lines takes time in proportion to the file's size.

    Without it, a file of only unclosed quotes would be read fifty times over, at a few kilobytes per second.
    """

    def __init__(self) -> None:
        self._left = 1_000_000

    def earn(self, row: Row) -> None:
        self._left += 8 * len(row.raw)

    def spend(self, characters: int) -> bool:
        """Takes so many characters; returns whether there were as many left."""
        self._left -= characters
        return self._left >= 0


def join_rows(lines: Iterator[Row], delimiter: str, is_complete: IsComplete) -> Iterator[Row]:
    """Yields the rows that `lines` form; `is_complete` tells whether fields are a row by themselves."""
    ahead: deque[Row] = deque()
    credit = _Credit()
    while row := ahead.popleft() if ahead else next(lines, None):
        credit.earn(row)
        if not row.error and '"' in row.raw and (row.fields[-1].startswith('"') or not is_complete(row.fields)):
            row = _continued(row, ahead, lines, delimiter, is_complete, credit) or row
        yield row


def _continued(
    first: Row, ahead: deque[Row], lines: Iterator[Row], delimiter: str, is_complete: IsComplete, credit: _Credit
) -> Row | None:
    """Returns the row that `first` forms with the lines after it, or None; then it leaves them in `ahead`."""
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
        if '"' in following.raw:  # nothing else closes a quoted field
            if not credit.spend(len(raw)):
                return None
            fields, closed = _split(raw, delimiter)
            if closed and is_complete(fields):
                for _ in range(taken + 1):
                    ahead.popleft()
                return Row(first.number, raw, fields)
        if stops:  # the last line of a text that ends in `",1` looks complete, too, so this comes last
            return None
    return None
