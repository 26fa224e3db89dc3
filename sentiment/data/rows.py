"""Rows of a delimited text file, by RFC 4180; where a file breaks it, nothing of a quoted text becomes a row.

A field that begins with a quote ends at the next quote that is not doubled, whatever lines, delimiters and quotes lie
between; behind it come a delimiter or the end of the line. Any other quote is a character like every other, since
many a TSV is written without quoting.

Where a quote is never closed, or is closed in the middle of a field, the rule does not hold:

* A line that is a whole row by itself is taken as it stands, its quotes being part of a text, as long as the file has
  not shown that it quotes by the rule (and, in a CSV, only an even number of quotes).
* Any other line is refused, and so is every line behind it, as it may lie within the quoted text, until `RESUME_AFTER`
  whole rows in a row show that it does not.

Spark writes a quote within a quoted field as `\"`. Where only that reading makes a whole row, it is the reading; where
both do, the row is refused.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from sentiment.data.file_lines import BOM, MAXIMUM_LINE_BYTES, Line, Lines
from sentiment.data.quoted_fields import Fields
from sentiment.text import cells

MAXIMUM_ROW_CHARACTERS = 1 << 20  # of a row of several lines: how far the end of a quoted field is looked for
RESUME_AFTER = 20  # whole rows in a row: no quoted text looks like that
NEVER_CLOSED = "a quote opens a field and is never closed"
CLOSED_WITHIN = "a quote closes within a field"
WITHIN_QUOTES = "the line may belong to a quoted field that is never closed"
ESCAPED_END = "a backslash before a line end: quote the text, or put it on one line"
TWO_READINGS = 'a backslash before a quote: double the quotes instead ("")'
DELIMITERS = ("\t", ",")
_QUOTED = {delimiter: re.compile(rf'"((?:[^"]++|"")*+)"(?={delimiter}|\Z)') for delimiter in DELIMITERS}


class Row(NamedTuple):
    """One row: its first line's number (1 is the header), its fields, or the error that left it without any."""

    number: int
    raw: str
    fields: tuple[str, ...] = ()
    error: str = ""


IsComplete = Callable[[tuple[str, ...]], bool]


def delimiter_of(path: Path) -> str:
    """Returns the delimiter that a file's name suggests: a comma for `.csv`, otherwise a tab."""
    return "," if path.suffix.lower() == ".csv" else "\t"


def delimiter_within(sample: bytes, promised: str, fits: Callable[[tuple[str, ...]], bool]) -> str:
    """Returns the delimiter of a file that begins with `sample` (UTF-8): the promised one unless only another fits.

    `fits` tells whether the fields of the first line are a header.
    """
    first = sample[:MAXIMUM_LINE_BYTES].removeprefix(BOM).lstrip(b"\r\n").split(b"\n", 1)[0].rstrip(b"\r")
    found = [sign for sign in DELIMITERS if fits(split_fields(first.decode("utf-8", "replace"), sign))]
    return found[0] if len(found) == 1 else promised


def split_fields(line: str, delimiter: str) -> tuple[str, ...]:
    """Returns the fields of one line; a quote that is not closed right before a delimiter or the end is a character."""
    if '"' not in line:
        return tuple(line.split(delimiter))
    quoted = _QUOTED[delimiter]
    fields: list[str] = []
    start = 0
    while True:
        if match := quoted.match(line, start):
            fields.append(match[1].replace('""', '"'))
            end = match.end()
        else:
            end = line.find(delimiter, start)
            end = len(line) if end < 0 else end
            fields.append(line[start:end])
        if end >= len(line):
            return tuple(fields)
        start = end + 1


def as_given(header: tuple[str, ...]) -> Callable[[Row], Row] | None:
    """Returns what undoes the escapes of a row, None when no column of the header says that there may be any."""
    names = [name.strip().lower() for name in header]
    if names.count(cells.COLUMN) != 1:
        return None
    place = names.index(cells.COLUMN)

    def given(row: Row) -> Row:
        if len(row.fields) <= place or row.fields[place].strip() != cells.ESCAPED:
            return row
        fields = cells.cells_of(row.fields, row.fields[place])
        return row._replace(fields=fields, raw="\t".join(fields))

    return given


def fitted(fields: tuple[str, ...], width: int) -> tuple[str, ...]:
    """Returns `fields` with as many empty ones at the end as make `width`: spreadsheets drop and add those."""
    if len(fields) < width:
        return fields + ("",) * (width - len(fields))
    return fields[:width] if not any(map(str.strip, fields[width:])) else fields


class _Attempt(NamedTuple):
    """What a reading of a row came to: its fields, how many lines behind the first it took, their size and error."""

    state: str
    fields: tuple[str, ...]
    taken: int
    size: int
    strict: bool
    escapes: bool
    error: str


class RowReader:
    """The rows of a file: `header`, once, and then `rows`."""

    def __init__(
        self, handle: BinaryIO, delimiter: str, encoding: str = "UTF-8", broken: Callable[[], str] = lambda: ""
    ) -> None:
        """`encoding` is the name of the file's own encoding, for the error of a line that is not in it.

        When `broken` gives a reason at the end of the file, that is the error of the line that was cut off there.
        """
        self.encoding = encoding
        self._lines = Lines(handle, encoding, broken)
        self._ahead: deque[Line] = deque()
        self._delimiter = delimiter
        # How many characters may be looked at in vain: a file of nothing but quotes costs in proportion to its size.
        self._credit = 4 * MAXIMUM_ROW_CHARACTERS
        self._stray = False  # a row has shown that a quote may be a character of a text that is not quoted
        self._quotes = False  # a row has shown that the file quotes by the rule: no quote is a stray character
        self._as_given: Callable[[Row], Row] | None = None  # where the header says that cells may be escaped

    def header(self) -> Row | None:
        """Returns the first row that is not blank, None when there is none."""
        while line := self._next():
            if line.error or line.text.strip():
                row = self._row(line, lambda fields: True)[0]
                self._as_given = as_given(row.fields)
                return row
        return None

    def rows(self, is_complete: IsComplete) -> Iterator[Row]:
        """Yields the rows that are not blank; `is_complete` tells whether fields are a whole row.

        The fields are those before a file of ours escaped them for a spreadsheet.
        """
        given = self._as_given
        if given is None:
            return self._rows(is_complete)
        rows = self._rows(lambda fields: is_complete(given(Row(0, "", fields)).fields))
        return map(given, rows)

    def _rows(self, is_complete: IsComplete) -> Iterator[Row]:
        delimiter, ahead, lines, row_of = self._delimiter, self._ahead, self._lines, partial(tuple.__new__, Row)
        while True:
            line = None
            if not ahead:
                for number, text in lines.plain:  # nearly always: this is done millions of times
                    if '"' in text or text.endswith("\\"):
                        line = Line(number, text, lines.ending)
                        break
                    if text and not text.isspace():
                        yield row_of((number, text, tuple(text.split(delimiter)), ""))
            line = line or self._next()
            if line is None:
                return
            number, text, _, error = line
            if text.endswith("\\") and not error and self._goes_on(line, is_complete):
                yield from self._escaped_lines(line)
                continue
            if not error and '"' not in text:
                if text.strip():
                    yield Row(number, text, tuple(text.split(delimiter)))
                continue
            row, lost = self._row(line, is_complete)
            yield row
            if lost:
                yield from self._resume(is_complete)

    def _goes_on(self, line: Line, is_complete: IsComplete) -> bool:
        """Tells whether a line whose end may be escaped goes on in the next: one of the two is no row by itself."""
        if '"' in line.text:
            return False
        behind = self._behind(0)
        if behind is None or behind.error or not behind.text.strip() or '"' in behind.text:
            return False
        return not all(is_complete(tuple(each.text.split(self._delimiter))) for each in (line, behind))

    def _escaped_lines(self, line: Line) -> Iterator[Row]:
        """Refuses a line whose end is escaped, as MySQL and Hadoop write it, with those that go on behind it."""
        going_on: Line | None = line
        while going_on:
            yield Row(going_on.number, going_on.text, error=ESCAPED_END)
            going_on = self._next() if going_on.text.endswith("\\") else None

    def _next(self) -> Line | None:
        return self._ahead.popleft() if self._ahead else next(self._lines, None)

    def _behind(self, place: int) -> Line | None:
        """Returns the line that comes after so many others, which stays to be read; None when there is none."""
        if place == len(self._ahead) and (line := next(self._lines, None)):
            self._ahead.append(line)
        return self._ahead[place] if place < len(self._ahead) else None

    def _resume(self, is_complete: IsComplete) -> Iterator[Row]:
        """Yields the rows behind a quote that was lost: with an error up to where they are certain again."""
        held: list[Row] = []
        while len(held) < RESUME_AFTER:
            line = self._next()
            if line is None:
                break
            if not line.error and not line.text.strip():
                continue
            row, _ = self._row(line, is_complete, literally=False)
            held.append(row)
            if row.error or not is_complete(row.fields):
                yield from map(_doubtful, held)
                held = []
        else:
            yield from held
            return
        yield from map(_doubtful, held)

    def _row(self, first: Line, is_complete: IsComplete, literally: bool = True) -> tuple[Row, bool]:
        """Returns the row that begins with a line, and whether the lines behind it may be part of it nevertheless."""
        if first.error:
            return Row(first.number, first.text, error=first.error), False
        self._credit += 8 * len(first.text)
        found = self._attempt(first, backslash=False)
        if found.escapes and (row := self._escaped(first, found, is_complete)):
            return row, False
        if self._is_whole(first, found, is_complete):
            row = self._taken(first, found.taken, found.error, found.fields)
            return row, not is_complete(row.fields) and self._ends_elsewhere(0, is_complete)
        self._credit -= found.size
        if literally and not self._quotes and (fields := self._literal(first, is_complete)):
            self._stray = True
            return Row(first.number, first.text, fields), False
        if found.state == "closed" and found.taken and not is_complete(found.fields):
            # Quoted as it should be, but no whole row: its lines are none either.
            lost = self._ends_elsewhere(found.taken, is_complete)
            return self._taken(first, found.taken, "", found.fields), lost
        why = NEVER_CLOSED if found.state == "open" else CLOSED_WITHIN
        return Row(first.number, first.text, error=why), True

    def _is_whole(self, first: Line, found: _Attempt, is_complete: IsComplete) -> bool:
        """Tells whether a row was read as it was written; one with quoted lines or quotes shows how the file quotes."""
        if found.state != "closed":
            return False
        if found.taken and self._stray and is_complete(split_fields(first.text, self._delimiter)):
            return False  # the file does not quote, and the first line is a row by itself
        if found.taken == 0:
            opens_nothing = not found.strict and first.text.count('"') % 2 == 1
            if opens_nothing and (self._quotes or self._delimiter == ","):
                return False
            self._quotes = self._quotes or (found.strict and '""' in first.text and is_complete(found.fields))
            return True
        self._quotes = True
        return bool(found.error or is_complete(found.fields)) and not self._ends_elsewhere(found.taken, is_complete)

    def _escaped(self, first: Line, found: _Attempt, is_complete: IsComplete) -> Row | None:
        """Returns the row that quotes behind backslashes make, or why it is not certain; None when they make none."""
        other = self._attempt(first, backslash=True)
        also = other.state == "closed" and other.strict and is_complete(other.fields)
        whole = found.state == "closed" and (found.taken == 0 or is_complete(found.fields))
        if also and whole and found.strict and is_complete(found.fields):
            return self._taken(first, max(found.taken, other.taken), TWO_READINGS)
        if also:
            return self._taken(first, other.taken, other.error, other.fields)
        return self._taken(first, found.taken, TWO_READINGS) if whole and not found.strict else None

    def _taken(self, first: Line, taken: int, error: str, fields: tuple[str, ...] = ()) -> Row:
        more = [self._ahead.popleft().text for _ in range(taken)]
        raw = "\n".join([first.text, *more]) if more else first.text
        return Row(first.number, raw, () if error else fields, error)

    def _attempt(self, first: Line, backslash: bool) -> _Attempt:
        """Reads a row from `first` on; the lines that it looks at stay in `_ahead`."""
        reading = Fields(self._delimiter, backslash)
        reading.take(first.text, first.ending)
        taken, size, error = 0, 0, ""
        while reading.state == "open":
            line = self._behind(taken)
            if line is None:
                break
            size += len(line.text) + 1
            if (line.error and not line.ending) or size > min(MAXIMUM_ROW_CHARACTERS, self._credit):
                break
            taken += 1
            error = error or line.error
            reading.take(line.text, line.ending)
        return _Attempt(reading.state, tuple(reading.fields), taken, size, reading.strict, reading.escapes, error)

    def _ends_elsewhere(self, taken: int, is_complete: IsComplete) -> bool:
        """Tells whether the quoted text of a row seems to go on behind it, since the next quotes there open nothing.

        Where a quote is put into a text, or one of its doubled quotes is lost, the field closes before its end.
        """
        for place in range(taken, taken + RESUME_AFTER):
            line = self._behind(place)
            if line is None:
                return False
            behind = line.text
            if '"' not in behind:
                continue
            reading = Fields(self._delimiter, backslash=False)
            reading.take(behind, "")
            if reading.state == "broken" or (not reading.strict and behind.count('"') % 2 == 1):
                return True
            if reading.state == "open" or (reading.strict and is_complete(tuple(reading.fields))):
                return False
        return False

    def _literal(self, line: Line, is_complete: IsComplete) -> tuple[str, ...]:
        """Returns the fields of a line whose quotes are characters of its texts, or none.

        Certain enough is a whole row with another one behind it, whose open quote is not in its last field (which might
        go on in the next line); in a CSV also an even number of quotes, since a comma is part of many a text.
        """
        fields = split_fields(line.text, self._delimiter)
        balanced = line.text.count('"') % 2 == 0
        if not is_complete(fields) or (self._delimiter == "," and not balanced):
            return ()
        if not balanced and ('"' in fields[-1] or len(fields) == 1):
            return ()
        behind = self._behind(0)
        if behind is None or behind.error or not behind.text.strip() or behind.text.startswith('"'):
            return fields
        return fields if is_complete(split_fields(behind.text, self._delimiter)) else ()


def _doubtful(row: Row) -> Row:
    return row if row.error else Row(row.number, row.raw, error=WITHIN_QUOTES)
