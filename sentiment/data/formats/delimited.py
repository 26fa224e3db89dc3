"""TSV and CSV: a header, then rows as `sentiment.data.rows` reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sentiment.data.file_lines import LONGEST_SHOWN
from sentiment.data.formats.allowance import Allowance
from sentiment.data.formats.opened import Opened
from sentiment.data.formats.record import MOST_COLUMNS, TOO_WIDE, Record, UnreadableFile
from sentiment.data.formats.table import Table
from sentiment.data.rows import Row, RowReader
from sentiment.labels import Labels

NAMES = {"\t": "TSV", ",": "CSV"}


def read_delimited(
    open_file: Callable[[], Opened],
    allowed: Allowance,
    delimiter: str,
    encoding: str,
    labels: Labels,
    label_field: str,
) -> Iterator[Record]:
    """Yields the rows behind the header; a row that broke off with the file has the reason as error.

    Raises: UnreadableFile when the file does not begin with a header that names a text and a label.
    """

    def begin() -> tuple[RowReader, Row | None]:
        opened = open_file()
        reader = RowReader(opened.file, delimiter, encoding, opened.broken)
        return reader, reader.header()

    reader, header = begin()
    if header and len(header.fields) > MOST_COLUMNS:
        raise UnreadableFile(TOO_WIDE, header.raw[:LONGEST_SHOWN])
    table = Table(header.fields, labels, label_field) if header and not header.error else None
    if header is None or table is None or not table.is_labelled:
        raise UnreadableFile(_why_no_header(header), header.raw if header else "")
    first: list[RowReader] = [reader]

    def rows() -> Iterator[Row]:
        return (first.pop() if first else begin()[0]).rows(table.is_complete)

    yield from table.records(rows, allowed)


def _why_no_header(first: Row | None) -> str:
    if first is None:
        return "the file is empty"
    if first.error:
        return f"the file has no header: {first.error}"
    if "\0" in first.raw:
        return "the file is not text"
    return "the file has no header with the columns text and label"
