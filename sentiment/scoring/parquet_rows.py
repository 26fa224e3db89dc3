"""A Parquet file's rows, a shard at a time: no more of the file is read than the row groups that hold it."""

from __future__ import annotations

from typing import BinaryIO

import pyarrow as pa
from pyarrow import parquet

from sentiment.data.file_lines import LONGEST_SHOWN, shown
from sentiment.data.formats.record import UnreadableFile
from sentiment.scoring.columns import Columns
from sentiment.scoring.rows import PARQUET, Aside, Piece, why_no_text

READ_AT_ONCE = 2_048  # rows


def is_parquet(name: str) -> bool:
    return name.lower().endswith(PARQUET)


def rows_of_parquet(file: BinaryIO) -> int:
    """Returns how many rows a Parquet file states. Raises: UnreadableFile when it is none."""
    try:
        return int(parquet.ParquetFile(file).metadata.num_rows)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableFile(f"the file is not Parquet that can be read: {_line(error)}") from None


def parquet_piece(file: BinaryIO, columns: Columns, rows: int, index: int) -> Piece:
    """Returns one shard of a Parquet file: its row groups are decoded a few rows at a time, up to the end of the shard.

    Raises: UnreadableFile, NoColumn.
    """
    first = index * rows
    try:
        opened = parquet.ParquetFile(file)
        schema, end = opened.schema_arrow, opened.metadata.num_rows
        places = columns.found(schema.names)
        text = schema.names[places["text"]]
        _require_texts(schema, text)
        table = _slice(opened, first, min(first + rows, end))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableFile(f"rows {first + 1:,} and on cannot be read: {_line(error)}") from None
    numbers, aside = _with_text(table.column(text), first)
    if aside:
        table = table.take(pa.array([number - first for number in numbers], pa.int64()))
    return Piece(first, table, numbers, places, aside, last=first + rows >= end)


def _require_texts(schema: pa.Schema, name: str) -> None:
    kind = schema.field(name).type
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not (pa.types.is_string(inner) or pa.types.is_large_string(inner)):
        raise UnreadableFile(f"the column {name} is {kind}, and not text")


def _slice(opened: parquet.ParquetFile, first: int, end: int) -> pa.Table:
    """Returns rows first … end of a file, of which no more than the row groups that hold them is read."""
    start, groups, skipped = 0, list[int](), 0
    for number in range(opened.num_row_groups):
        size = opened.metadata.row_group(number).num_rows
        if start + size > first and start < end:
            skipped = start if not groups else skipped
            groups.append(number)
        start += size
    batches, at = [], skipped
    if groups:
        for batch in opened.iter_batches(READ_AT_ONCE, row_groups=groups, use_threads=False):
            begin, stop = max(first - at, 0), min(end - at, len(batch))
            if begin < stop:
                batches.append(batch.slice(begin, stop - begin))
            at += len(batch)
            if at >= end:
                break
    return pa.Table.from_batches(batches, opened.schema_arrow)


def _with_text(column: pa.ChunkedArray, first: int) -> tuple[list[int], list[Aside]]:
    good, aside = list[int](), list[Aside]()
    for number, value in enumerate(texts_of(column), first):
        if isinstance(value, bytes):
            aside.append(Aside(number, "not UTF-8", shown(value[:LONGEST_SHOWN])))
        elif wrong := why_no_text(value):
            aside.append(Aside(number, wrong, value or ""))
        else:
            good.append(number)
    return good, aside


def texts_of(column: pa.ChunkedArray) -> list[str | bytes | None]:
    """Returns a column's texts; one that is not UTF-8 as its bytes."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    try:
        found: list[str | bytes | None] = column.to_pylist()
    except UnicodeDecodeError:
        binary = pa.large_binary() if pa.types.is_large_string(column.type) else pa.binary()
        found = [_decoded(value) for value in column.cast(binary).to_pylist()]
    return found


def _decoded(value: bytes | None) -> str | bytes | None:
    try:
        return value and value.decode("utf-8")
    except UnicodeDecodeError:
        return value


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
