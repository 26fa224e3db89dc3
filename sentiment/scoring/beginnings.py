"""The beginnings of a column's values, one after the other: all, and whole, take several times what the column does."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from sentiment.scoring.parquet_rows import value_of
from sentiment.scoring.plain_table import is_binary, is_simple, is_text

BYTES_OF_A_CHARACTER = 4  # in UTF-8, at most


def beginnings(column: pa.ChunkedArray, longest: int) -> Iterator[str]:
    """Yields each value as a text; of a long one its first `longest` characters, and maybe more.

    "" stands for none, and for what is no single value.
    """
    for chunk in column.chunks:
        if not is_simple(chunk.type):
            yield from [""] * len(chunk)
        elif pa.types.is_dictionary(chunk.type):
            yield from _of_dictionary(chunk, longest)
        else:
            yield from map(_told, cut(chunk, longest * BYTES_OF_A_CHARACTER))


def _of_dictionary(chunk: pa.DictionaryArray, longest: int) -> Iterator[str]:
    """Yields the words of a dictionary; each is made once, as one may stand for every row."""
    words, made = cut(chunk.dictionary, longest * BYTES_OF_A_CHARACTER), dict[int | None, str]({None: ""})
    for index in chunk.indices.to_pylist():
        if index not in made:
            made[index] = _told(words[index])
        yield made[index]


def cut(array: pa.Array, most: int) -> pa.Array:
    """Returns the first bytes of each text; what is no text and no bytes is returned as it is."""
    if is_text(array.type):
        array = array.cast(pa.large_binary() if pa.types.is_large_string(array.type) else pa.binary())
    return pc.binary_slice(array, 0, most) if is_binary(array.type) else array


def _told(value: pa.Scalar) -> str:
    found = value_of(value)
    if isinstance(found, bytes):
        return found.decode("utf-8", "replace")
    return "" if found is None else str(found)
