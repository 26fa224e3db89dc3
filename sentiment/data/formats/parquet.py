"""Parquet, read by a child (`parquet_rows`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from sentiment.data.file_lines import shown
from sentiment.data.formats.allowance import Allowance
from sentiment.data.formats.child import Child, Written
from sentiment.data.formats.labelled import is_tools, item_of, record_of_item
from sentiment.data.formats.record import Record, UnreadableFile, by_cleaned_name, label_names
from sentiment.data.formats.survey import Survey
from sentiment.labels import Labels

MAGIC = b"PAR1"
NAME = "Parquet"


def read_parquet(file: BinaryIO, allowed: Allowance, labels: Labels, label_field: str) -> Iterator[Record]:
    """Yields the rows of a Parquet file; their numbers count from 1.

    A file that breaks off, or breaks its reader, ends in a record with the reason.
    Raises: UnreadableFile when nothing can be read from it.
    """
    child = Child("sentiment.data.formats.parquet_rows", NAME, str(allowed.rows), label_field)
    lines = child.lines(file, allowed)
    first = next(lines, None)
    if first is None or first.is_cut:
        raise UnreadableFile(child.reason if first is None else "row too long")
    survey = Survey(labels, label_field)
    cleaned = by_cleaned_name(json.loads(first.line))
    if is_tools(cleaned) or len(label_names(cleaned, label_field)) != 1:
        survey.take(item_of(_value(line), labels, label_field) for line in lines if not line.is_cut)
        lines = child.lines(file, allowed)
        next(lines, None)
    number = 0
    for number, line in enumerate(lines, 1):
        if line.is_cut:
            yield Record(number, shown(line.line[:4_000]), error="row too long")
        else:
            item = item_of(_value(line), labels, label_field)
            yield record_of_item(number, line.line.decode("utf-8").rstrip("\n"), item, survey, labels)
    if child.reason and not number:
        raise UnreadableFile(child.reason)
    if child.reason:
        yield Record(number + 1, "", error=child.reason)


def _value(line: Written) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(line.line)
    return value
