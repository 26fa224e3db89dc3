"""A table on its way from the process that reads a file, as bytes that whoever gets them checks before Arrow uses them.

Lengths come first, then the buffers behind each other. What they mean follows from the types (`kinds`), in the order
in which both sides walk through them: of each column the number of its chunks, then of each chunk its rows, and its
buffers; within it the number of values of a list, a dictionary's indices, and then its words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from sentiment.data.formats.record import UnreadableFile
from sentiment.scoring.kinds import Field, fields_of, type_of
from sentiment.scoring.plain_table import plain_table
from sentiment.scoring.sound import require_sound

# What Python and Arrow say of bytes that are no table: of wrong types, too.
NO_TABLE = (pa.ArrowException, OSError, ValueError, TypeError, LookupError, OverflowError)
WRONG = "its reader said what is of no file: {}"

ALIGNED = 16  # bytes: where each buffer begins
NO_BUFFER = -1
MOST_CHUNKS = 100_000  # of all columns: only dictionaries that cannot be made one have more than a chunk for each
MANY_CHUNKS = f"its columns have more than {MOST_CHUNKS:,} dictionaries in the rows of a shard"


def sent(table: pa.Table) -> tuple[list[Field], bytes]:
    """Returns what a table's columns are, and the bytes of its rows. Raises: UnreadableFile."""
    fields, out = fields_of(table.schema), _Out()
    columns = [_chunks(column) for column in table.columns]
    if sum(map(len, columns)) > MOST_CHUNKS:
        raise UnreadableFile(MANY_CHUNKS)
    for chunks in columns:
        out.lengths.append(len(chunks))
        for chunk in chunks:
            out.put_rows(chunk)
    return fields, out.content()


def _chunks(column: pa.ChunkedArray) -> list[pa.Array]:
    """Returns the column as one array that begins with its buffers; dictionaries that are too different stay apart."""
    if not column.num_chunks:
        return [pa.concat_arrays([pa.nulls(0, column.type)])]
    try:
        return [pa.concat_arrays(column.chunks)]
    except pa.ArrowException:
        return [pa.concat_arrays([chunk]) for chunk in column.chunks if len(chunk)]


class _Out:
    """The lengths and the buffers of what was put here."""

    def __init__(self) -> None:
        self.lengths, self._buffers = list[int](), list[pa.Buffer]()

    def put_rows(self, array: pa.Array) -> None:
        self.lengths.append(len(array))
        self._put(array)

    def _put(self, array: pa.Array) -> None:
        if isinstance(array, pa.ExtensionArray):
            self._put(array.storage)
        elif isinstance(array, pa.DictionaryArray):
            self._put(array.indices)
            self.put_rows(pa.concat_arrays([array.dictionary]))
        else:
            for buffer in array.buffers()[: array.type.num_buffers]:
                self.lengths.append(NO_BUFFER if buffer is None else buffer.size)
                self._buffers += [] if buffer is None else [buffer]
            for child in _within(array):
                if _is_list(array.type):
                    self.lengths.append(len(child))
                self._put(child)

    def content(self) -> bytes:
        lengths = np.array([len(self.lengths), *self.lengths], np.int64).tobytes()
        parts = [part for buffer in (lengths, *self._buffers) for part in (buffer, bytes(-len(buffer) % ALIGNED))]
        return b"".join(parts)


def _within(array: pa.Array) -> list[pa.Array]:
    kind = array.type
    if pa.types.is_struct(kind):
        return [array.field(number) for number in range(kind.num_fields)]
    if pa.types.is_map(kind):
        return [pa.StructArray.from_arrays([array.keys, array.items], fields=[kind.key_field, kind.item_field])]
    return [array.values] if kind.num_fields else []


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind))


def table_of(fields: Sequence[Field], content: bytes, most: int) -> pa.Table:
    """Returns a table that was checked, of no more than `most` values in a column. Raises: UnreadableFile."""
    try:
        return plain_table(received(fields, content, most))
    except MemoryError:  # Arrow's is one of its exceptions, too
        raise
    except NO_TABLE:
        raise UnreadableFile(WRONG.format("a table")) from None


def received(fields: Sequence[Field], content: bytes, most: int) -> pa.Table:
    """Returns a table, of which no column and no list may hold more than `most` values.

    Raises: ValueError, TypeError, LookupError, OverflowError or ArrowException for bytes that are none. Each buffer is
    as long as its array needs; what stands in it is for `plain_table` to check.
    """
    schema, got = pa.schema([type_of(field) for field in fields]), _In(content, most)
    columns = list[pa.ChunkedArray]()
    for field in schema:
        chunks = [got.rows(field.type) for _ in range(got.number(MOST_CHUNKS))]
        columns.append(pa.chunked_array(chunks, field.type))
    got.require_end()
    return pa.Table.from_arrays(columns, schema=schema)  # all of one length, or it raises


class _In:
    """Bytes that are taken apart from their beginning on."""

    def __init__(self, content: bytes, most: int) -> None:
        [count] = np.frombuffer(content[:8], np.int64).tolist()
        if not 0 <= count < len(content) // 8:
            raise ValueError("a count beyond its bytes")
        self._lengths: Iterator[np.int64] = iter(np.frombuffer(content, np.int64, count, 8))
        self._content, self._at, self._most, self._chunks = pa.py_buffer(content), _aligned(8 * (count + 1)), most, 0

    def number(self, most: int) -> int:
        """Returns the next length."""
        found = int(next(self._lengths, NO_BUFFER))
        if not 0 <= found <= most:
            raise ValueError("a length of none")
        return found

    def rows(self, kind: pa.DataType) -> pa.Array:
        self._chunks += 1
        if self._chunks > MOST_CHUNKS:
            raise ValueError(MANY_CHUNKS)
        return self._array(kind, self.number(self._most))

    def require_end(self) -> None:
        if next(self._lengths, None) is not None or self._at != self._content.size:
            raise ValueError("more than there are columns")

    def _array(self, kind: pa.DataType, length: int) -> pa.Array:
        if isinstance(kind, pa.BaseExtensionType):
            return pa.ExtensionArray.from_storage(kind, self._array(kind.storage_type, length))
        if pa.types.is_dictionary(kind):
            indices = self._array(kind.index_type, length)
            words = self._array(kind.value_type, self.number(self._most))
            return pa.DictionaryArray.from_arrays(indices, words, ordered=kind.ordered, safe=False)
        if length > self._most:
            raise ValueError("more values than there may be")
        buffers = [self._buffer(is_validity=not number) for number in range(kind.num_buffers)]
        within = [self._array(kind.field(number).type, self._within(kind, length)) for number in range(kind.num_fields)]
        require_sound(kind, length, buffers, within)
        return pa.Array.from_buffers(kind, length, buffers, children=within)  # which checks the lengths of the buffers

    def _within(self, kind: pa.DataType, length: int) -> int:
        if pa.types.is_fixed_size_list(kind):
            return int(length * kind.list_size)
        return self.number(self._most) if _is_list(kind) else length

    def _buffer(self, *, is_validity: bool) -> pa.Buffer | None:
        size = int(next(self._lengths, NO_BUFFER - 1))
        if size == NO_BUFFER and is_validity:
            return None
        if not 0 <= size <= self._content.size - self._at:
            raise ValueError("a buffer beyond its bytes")
        found = self._content.slice(self._at, size)
        self._at = min(_aligned(self._at + size), self._content.size)
        return found


def _aligned(at: int) -> int:
    return at + -at % ALIGNED
