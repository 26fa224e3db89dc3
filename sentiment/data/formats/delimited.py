"""Reads TSV and CSV: a header, then one row per line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

from sentiment.data.formats.record import Columns, Record, UnreadableFile, known_names
from sentiment.data.rows import BOM, MAXIMUM_LINE_BYTES, Row, join_rows, read_lines, split_fields
from sentiment.data.tsv import REQUIRED
from sentiment.labels import Labels

NAMES = {"\t": "TSV", ",": "CSV"}
Positions = tuple[int, ...]


def delimiter_within(sample: bytes, promised: str) -> str:
    """Returns the delimiter of a file that begins with `sample` (UTF-8): `promised`, unless only the other one fits."""
    first = sample[:MAXIMUM_LINE_BYTES].removeprefix(BOM).split(b"\n", 1)[0].rstrip(b"\r")
    text = first.decode("utf-8", "replace")
    fits = [delimiter for delimiter in NAMES if positions(split_fields(text, delimiter))]
    return fits[0] if len(fits) == 1 else promised


def positions(header: tuple[str, ...]) -> Positions | None:
    """Returns where text, label, title and source are (-1: nowhere), or None when the first two are not there."""
    names = known_names(header)
    if any(column not in names for column in REQUIRED):
        return None
    return tuple(header.index(names[column]) if column in names else -1 for column in Columns._fields)


def read_delimited(
    file: BinaryIO, delimiter: str, encoding: str, broken: Callable[[], str], labels: Labels
) -> Iterator[Record]:
    """Yields the rows after the header; the error of a row that was cut off is the reason that `broken` gives.

    Raises: UnreadableFile when the file does not begin with a header that names a text and a label.
    """
    lines = read_lines(file, delimiter, encoding, broken)
    header = next(lines, None)
    where = positions(header.fields) if header and not header.error else None
    if header is None or where is None:
        raise UnreadableFile(_why_no_header(header), header.raw if header else "")
    width, label = len(header.fields), where[1]

    def is_complete(fields: tuple[str, ...]) -> bool:
        return len(fields) == width and labels.parse(fields[label]) is not None

    for row in join_rows(lines, delimiter, is_complete):
        yield _record(row, width, where)


def _record(row: Row, width: int, where: Positions) -> Record:
    fields = row.fields
    if row.error:
        return Record(row.number, row.raw, error=row.error)
    if len(fields) != width:
        return Record(row.number, row.raw, error=f"wrong number of columns: {len(fields)} instead of {width}")
    return Record(row.number, row.raw, Columns(*["" if at < 0 else fields[at] for at in where]))


def _why_no_header(first: Row | None) -> str:
    if first is None:
        return "the file is empty"
    if first.error:
        return f"the file has no header: {first.error}"
    if "\0" in first.raw:
        return "the file is not text"
    return "the file has no header with the columns text and label"
