"""Excel's workbooks (.xlsx), read by a child (`workbook_rows`): the first sheet that has a text and a label."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import BinaryIO

from sentiment.data.file_lines import shown
from sentiment.data.formats.allowance import Allowance
from sentiment.data.formats.child import Child, Written
from sentiment.data.formats.record import Record, UnreadableFile
from sentiment.data.formats.table import Table
from sentiment.data.rows import Row, as_given
from sentiment.labels import Labels

NAME = "Excel"


def read_workbook(file: BinaryIO, allowed: Allowance, labels: Labels, label_field: str) -> Iterator[Record]:
    """Yields the rows of a workbook under their numbers in the sheet.

    A cell with a formula holds what Excel last showed. Raises: UnreadableFile when nothing can be read.
    """
    child = Child("sentiment.data.formats.workbook_rows", NAME, json.dumps([labels.names, labels.english]), label_field)
    lines = child.lines(file, allowed)
    first = next(lines, None)
    if first is None:
        raise UnreadableFile(child.reason or "the file has no columns text and label")
    header = _row(first).fields
    table, given = Table(header, labels, label_field), as_given(header)
    begun = [lines]

    def rows() -> Iterator[Row]:
        if begun:
            found = begun.pop()
        else:
            found = child.lines(file, allowed)
            next(found, None)
        return map(given, map(_row, found)) if given else map(_row, found)

    number = 0
    for record in table.records(rows, allowed):
        number = record.number
        yield record
    if child.reason:
        yield Record(number + 1, "", error=child.reason)


def _row(line: Written) -> Row:
    if line.is_cut:
        return Row(0, shown(line.line[:4_000]), error="row too long")
    number, fields = json.loads(line.line)
    return Row(number, "\t".join(fields), tuple(fields))
