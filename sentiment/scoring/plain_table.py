"""What of a stranger's table may be kept: it is checked as Arrow itself did not, and stands for no more than it is.

Arrow believes the indices of a dictionary; what a schema says beside its names would be copied into each of the scores;
a list of nulls takes no byte, and 8 for each of them where it is written or read again.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sentiment.data.formats.record import UnreadableFile

MOST_OF_SCHEMA = 1 << 20  # bytes of the names and types of all columns: each shard has them
LONG_SCHEMA = f"the names and types of its columns take more than {MOST_OF_SCHEMA >> 20} MB"
MOST_LEVELS = 64  # of lists and structures within each other that are kept
BYTES_OF_A_VALUE = 8  # of a list, in memory; in the file, one that repeats takes none
NO_DICTIONARY = "the column {} has a dictionary within lists, structures or another one"


def is_text(kind: pa.DataType) -> bool:
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner))


def is_simple(kind: pa.DataType) -> bool:
    """Tells whether a value of this type is a text, or takes as many bytes as its column says."""
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return is_text(kind) or is_binary(kind) or bool(pa.types.is_primitive(inner) or pa.types.is_decimal(inner))


def _is_extension(kind: pa.DataType) -> bool:
    return isinstance(kind, pa.BaseExtensionType)


def of_usual_types(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Returns a batch without extensions of Arrow's types that store lists and such, and without views of texts.

    From outside such an extension looks like one value; of views, most of Arrow's functions know nothing, not even how
    large they are: so they are replaced at any depth.
    """
    columns = [_usual(column) for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def usual_type(kind: pa.DataType, level: int = 1) -> pa.DataType:
    """Returns the type that `of_usual_types` gives a column of this one; of what nests too deep, its own."""
    if _is_extension(kind):
        stored = usual_type(kind.storage_type, level)
        return kind if is_simple(kind.storage_type) and stored == kind.storage_type else stored
    if pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_binary_view(kind):
        return pa.binary()
    if level > MOST_LEVELS or not kind.num_fields:
        return kind
    return _of_fields(kind, [field.with_type(usual_type(field.type, level + 1)) for field in _fields(kind)])


def _fields(kind: pa.DataType) -> list[pa.Field]:
    if pa.types.is_map(kind):
        return [kind.key_field, kind.item_field]
    return [kind.field(number) for number in range(kind.num_fields)]


def _of_fields(kind: pa.DataType, fields: list[pa.Field]) -> pa.DataType:
    """Returns a type of lists or structures with other fields; any other type as it is."""
    if pa.types.is_struct(kind):
        return pa.struct(fields)
    if pa.types.is_map(kind):
        return pa.map_(*fields, keys_sorted=kind.keys_sorted)
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(*fields, kind.list_size)
    if pa.types.is_large_list(kind):
        return pa.large_list(*fields)
    return pa.list_(*fields) if pa.types.is_list(kind) else kind


def _usual(column: pa.Array) -> pa.Array:
    kind = usual_type(column.type)
    while isinstance(column, pa.ExtensionArray) and column.type != kind:
        column = column.storage
    return column if column.type == kind else column.cast(kind)


def is_binary(kind: pa.DataType) -> bool:
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    tests = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    return any(test(inner) for test in tests)


def whole_bytes(column: pa.Array) -> int:
    """Returns how many bytes a column takes; where a word stands once for many rows, as often as it is meant."""
    if pa.types.is_dictionary(column.type) and (is_text(column.type) or is_binary(column.type)):
        return pc.sum(_lengths(column)).as_py() or 0
    is_nested = column.type.num_fields or _is_extension(column.type)
    values = sum(map(len, _in_lists(column))) if is_nested else 0
    return max(int(column.nbytes), values * BYTES_OF_A_VALUE)


def lengths_of(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Returns how many bytes each text of a column has; 0 of what is none."""
    found = pa.chunked_array([_lengths(chunk) for chunk in column.chunks], pa.int64())
    lengths: NDArray[np.int64] = found.fill_null(0).to_numpy()
    return lengths


def _lengths(array: pa.Array) -> pa.Array:
    if not pa.types.is_dictionary(array.type):
        return pc.binary_length(array).cast(pa.int64())
    return pc.take(pc.binary_length(array.dictionary), array.indices).cast(pa.int64())


def _in_lists(array: pa.Array) -> Iterator[pa.Array]:
    """Yields all arrays that stand within the lists of one, at any depth."""
    pending = [(array, False)]
    while pending:
        one, is_listed = pending.pop()
        if is_listed:
            yield one
        if isinstance(one, pa.ExtensionArray):
            pending.append((one.storage, is_listed))
        elif pa.types.is_struct(one.type):
            pending += [(part, is_listed) for part in one.flatten()]
        elif pa.types.is_map(one.type):
            pending += [(one.keys, True), (one.items, True)]
        elif one.type.num_fields:
            pending.append((one.flatten(), True))


def plain_table(table: pa.Table) -> pa.Table:
    """Returns a table without what its schema says beside names and types.

    Raises: UnreadableFile, ArrowException for a table that is not what it says; texts need not be UTF-8.
    """
    schema = pa.schema([field.remove_metadata() for field in table.schema])
    if schema.serialize().size > MOST_OF_SCHEMA:
        raise UnreadableFile(LONG_SCHEMA)
    for field, column in zip(schema, table.columns, strict=True):
        inner = pa.types.is_dictionary(field.type)
        if (inner and not is_simple(field.type)) or (not inner and _nests(field.type)):
            raise UnreadableFile(NO_DICTIONARY.format(field.name[:60]))
        for chunk in column.chunks:
            _check(chunk)
    return pa.Table.from_arrays(table.columns, schema=schema)


def _nests(kind: pa.DataType) -> bool:
    """Tells whether there is a dictionary within a type, or what has ends of runs."""
    pending = [kind]
    while pending:
        one = pending.pop()
        if (one is not kind and pa.types.is_dictionary(one)) or pa.types.is_run_end_encoded(one):
            return True
        pending += [one.storage_type] if _is_extension(one) else []
        pending += [one.field(number).type for number in range(one.num_fields)]
    return False


def _check(chunk: pa.Array) -> None:
    if pa.types.is_dictionary(chunk.type):
        pa.DictionaryArray.from_arrays(chunk.indices, _as_bytes(chunk.dictionary)).validate(full=True)
    else:
        _as_bytes(chunk).validate(full=True)


def _as_bytes(array: pa.Array) -> pa.Array:
    if not is_text(array.type):
        return array
    return array.view(pa.large_binary() if pa.types.is_large_string(array.type) else pa.binary())
