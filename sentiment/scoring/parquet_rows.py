"""A Parquet file's rows, a shard at a time: no more of the file is read than the row groups that hold them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
from pyarrow import parquet

from sentiment.data.file_lines import LONGEST_SHOWN, shown
from sentiment.data.formats.record import MOST_COLUMNS, TOO_WIDE, UnreadableFile
from sentiment.data.formats.unpack import LARGEST_RATIO, most_rows, most_unpacked
from sentiment.scoring.columns import LONGEST_NAME, Columns
from sentiment.scoring.json_names import why_no_text
from sentiment.scoring.plain_table import (
    BYTES_OF_A_VALUE,
    is_simple,
    is_text,
    of_usual_types,
    plain_table,
    usual_type,
    whole_bytes,
)
from sentiment.scoring.put_aside import NO_ROOM, Aside, PutAside
from sentiment.scoring.rows import MOST_OF_SHARD, TOO_MUCH, Piece

# What a footer may list: its columns with all that is nested in them, its row groups. The library reads what is nested
# by calls within calls: 19,000 levels were beyond a stack of 8 MB, and ended the process.
MOST_IN_A_FOOTER = 5_000
MANY_PARTS = f"it lists more than {MOST_IN_A_FOOTER:,} columns, levels of columns, or groups of rows"
READ_AT_ONCE = 64  # rows: a value that stands in a few hundred bytes for thousands of rows may be long
MANY_ROWS = "it states far more rows than a file of its size can hold"
OTHER_ROWS = "it states another number of rows than its groups of rows have together"
FEWER_ROWS = "it has fewer rows than it states"
MANY_VALUES = "its lists state far more values than a file of its size can hold"
UNPACKS = f"it unpacks to more than {LARGEST_RATIO} times its size"
# Of what Python has no value for: a decimal number that is too long is wrong arithmetic.
NO_VALUES = (pa.ArrowException, ValueError, ArithmeticError, LookupError)


def opened_parquet(file: BinaryIO) -> parquet.ParquetFile:
    """Returns a Parquet file of a stranger. Raises: ArrowException, OSError or ValueError when it is none."""
    return parquet.ParquetFile(file, thrift_container_size_limit=MOST_IN_A_FOOTER)


def rows_of_parquet(file: BinaryIO, size: int) -> int:
    """Returns how many rows a Parquet file of `size` bytes states.

    Raises: UnreadableFile when it is none, or states more rows or bytes than it may honestly hold.
    """
    try:
        metadata = opened_parquet(file).metadata
    except MemoryError:  # Arrow's is one of its exceptions, too
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        why = MANY_PARTS if "Exceeded size limit" in str(error) else in_a_line(error)
        raise UnreadableFile(f"the file is not Parquet that can be read: {why}") from None
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    counts = [group.num_rows for group in groups]
    if min(counts, default=0) < 0 or sum(counts) != metadata.num_rows:
        raise UnreadableFile(OTHER_ROWS)
    if metadata.num_rows > most_rows(size):
        raise UnreadableFile(MANY_ROWS)
    if metadata.num_columns > MOST_COLUMNS:
        raise UnreadableFile(TOO_WIDE)
    if sum(map(_values_of_lists, groups)) * BYTES_OF_A_VALUE > most_unpacked(size):
        raise UnreadableFile(MANY_VALUES)
    if sum(group.total_byte_size for group in groups) > most_unpacked(size):
        raise UnreadableFile(UNPACKS)
    return int(metadata.num_rows)


def _values_of_lists(group: Any) -> int:
    """Returns how many values a row group has beyond one a row and column: those of lists, decoded a row at once."""
    columns = (group.column(number) for number in range(group.num_columns))
    return sum(max(0, int(column.num_values) - int(group.num_rows)) for column in columns)


def parquet_pieces(file: BinaryIO, name: str, size: int, columns: Columns, rows: int, shards: range) -> Iterator[Piece]:
    """Yields shards of a Parquet file: its row groups are decoded a few rows at a time, up to the end of the last one.

    What is put aside of a shard has its share of the room: others may be read by somebody else.
    Raises: UnreadableFile, NoColumn.
    """
    first = shards.start * rows
    try:
        opened = opened_parquet(file)
        schema, end = opened.schema_arrow, opened.metadata.num_rows
        places = columns.found(schema.names)
        text = schema.names[places["text"]]
        _require_texts(usual_type(schema.field(text).type), text)
        share = most_unpacked(size) * min(rows, end) // max(1, end)
        tables = _tables(opened, first, min(shards.stop * rows, end), rows, min(MOST_OF_SHARD, most_unpacked(size)))
        for table in tables:
            numbers, lines = _with_text(table.column(text), first, PutAside(name, share))
            if lines:
                table = table.take(pa.array([number - first for number in numbers], pa.int64()))
            yield Piece(first, plain_table(table), numbers, places, lines, last=first + rows >= end)
            first += rows
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableFile(f"rows {first + 1:,} and on cannot be read: {in_a_line(error)}") from None


def _require_texts(kind: pa.DataType, name: str) -> None:
    if not is_text(kind):
        raise UnreadableFile(f"the column {name} is {str(kind)[:LONGEST_NAME]}, and not text")


def _tables(opened: parquet.ParquetFile, first: int, end: int, rows: int, most: int) -> Iterator[pa.Table]:
    """Yields rows first … end of a file, `rows` at a time; one table without rows where there are none.

    Raises: UnreadableFile when a table takes more than `most` bytes, or the file has fewer rows than it states.
    """
    parts, count, held = list[pa.RecordBatch](), 0, 0
    for batch in _batches(opened, first, end):
        while len(batch):
            parts.append(part := batch.slice(0, rows - count))
            batch, count = batch.slice(len(part)), count + len(part)
            held += sum(map(whole_bytes, part.columns))
            if held > most:
                raise UnreadableFile(TOO_MUCH if most == MOST_OF_SHARD else UNPACKS)
            if count == rows:
                yield pa.Table.from_batches(parts)
                parts, first, count, held = [], first + count, 0, 0
    if first + count < end:
        raise UnreadableFile(FEWER_ROWS)
    if parts or not end:
        schema = opened.schema_arrow
        nothing = pa.table([pa.nulls(0, usual_type(kind)) for kind in schema.types], schema.names)
        yield pa.Table.from_batches(parts) if parts else nothing


def _batches(opened: parquet.ParquetFile, first: int, end: int) -> Iterator[pa.RecordBatch]:
    """Yields rows first … end of a file, of which no more than the row groups that hold them is read."""
    start, at, groups = 0, 0, list[int]()
    for number in range(opened.num_row_groups):
        size = opened.metadata.row_group(number).num_rows
        if start + size > first and start < end:
            at = start if not groups else at
            groups.append(number)
        start += size
    for batch in opened.iter_batches(READ_AT_ONCE, row_groups=groups, use_threads=False) if groups else ():
        begin, stop = max(first - at, 0), min(end - at, len(batch))
        if begin < stop:
            yield of_usual_types(batch.slice(begin, stop - begin))
        at += len(batch)
        if at >= end:
            return


def _with_text(column: pa.ChunkedArray, first: int, aside: PutAside) -> tuple[list[int], list[bytes]]:
    """Returns the places of the rows with a text, and the lines of the others. Raises: UnreadableFile without room."""
    good, has_room = list[int](), True
    texts = (text for chunk in column.chunks for text in texts_of(chunk))  # Python's take up to four times as much
    for number, value in enumerate(texts, first):
        if isinstance(value, bytes):
            has_room = aside.put(Aside(number, "not UTF-8", shown(value[:LONGEST_SHOWN])))
        elif wrong := why_no_text(value):
            has_room = aside.put(Aside(number, wrong, value or ""))
        else:
            good.append(number)
        if not has_room:
            raise UnreadableFile(NO_ROOM)
    return good, aside.taken()


def texts_of(column: pa.ChunkedArray | pa.Array) -> list[str | bytes | None]:
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


def values_of(column: pa.ChunkedArray | pa.Array) -> list[Any]:
    """Returns a column's values, whatever it holds; None for what Python has no value for, or is no single value.

    A list of structures is a few bytes in Arrow's memory where its Python objects are gigabytes.
    """
    if not is_simple(column.type):
        return [None] * len(column)
    try:
        return texts_of(column) if is_text(column.type) else column.to_pylist()
    except NO_VALUES:
        return [value_of(value) for value in column]


def value_of(value: pa.Scalar) -> Any:
    """Returns one value of a column; None for what Python has no value for."""
    try:
        return value.as_py()
    except NO_VALUES:
        return None


def _decoded(value: bytes | None) -> str | bytes | None:
    try:
        return value and value.decode("utf-8")
    except UnicodeDecodeError:
        return value


def in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
