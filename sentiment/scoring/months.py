"""Which month a post is of, by whatever its column of times holds."""

from __future__ import annotations

from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

from sentiment.scoring.beginnings import cut

TAIPEI = pa.scalar(8 * 3600 * 1_000_000, pa.duration("us"))
WRITTEN = r"^(?P<year>\d{4})[-/.年]?(?P<month>0[1-9]|1[0-2])(?:\D|\d{2}(?:\D|$)|$)"
MOST_OF_TEXT = 32  # bytes of a text: more than WRITTEN looks at
MILLISECONDS_FROM, MICROSECONDS_FROM = 10**11, 10**14  # whole numbers count seconds up to here: the year 5138
MICROSECONDS = {"s": 1_000_000, "ms": 1_000, "us": 1}  # of a unit
FIRST, LAST = -62_135_596_800_000_000, 253_402_300_799_999_999  # microseconds: of the years 1 to 9999


def months_of(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Returns `2026-11` for each time, "" where it says none: of a time with a zone in Taipei, of a text its beginning.

    Whole numbers are seconds, milliseconds or microseconds since 1970, as their size shows. A time that is of none of
    the years 1 to 9999 says none.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return pa.chunked_array([_of_dictionary(chunk) for chunk in column.chunks], pa.string())
    if pa.types.is_integer(kind):
        column, kind = _since_1970(column), pa.timestamp("us", "UTC")
    elif pa.types.is_timestamp(kind):
        column = _in_microseconds(column)
    if pa.types.is_timestamp(kind) and kind.tz:
        column = pc.add(column, TAIPEI)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return pc.fill_null(pc.strftime(column, "%Y-%m"), "")
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        parts = pc.extract_regex(_beginnings(column), WRITTEN)
        joined = pc.binary_join_element_wise(pc.struct_field(parts, 0), pc.struct_field(parts, 1), "-")
        return pc.fill_null(joined, "")
    return pa.chunked_array([pa.array([""] * len(column), pa.string())])


def _of_dictionary(chunk: pa.DictionaryArray) -> pa.Array:
    """Returns the months of the words, for each row the one of its word: as texts of their own, they take gigabytes."""
    months = months_of(pa.chunked_array([chunk.dictionary])).combine_chunks()
    return pc.fill_null(months.take(chunk.indices), "")


def _beginnings(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array([cut(chunk, MOST_OF_TEXT).cast(pa.binary()) for chunk in column.chunks], pa.binary()).cast(
        pa.string(),
        safe=False,  # it may end within a character
    )


def _in_microseconds(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Returns times without their zone. Arrow's own cast refuses all of them for one that is lost by it."""
    unit, number = column.type.unit, column.cast(pa.int64())
    return _timestamps(pc.divide(number, 1_000) if unit == "ns" else _times(number, MICROSECONDS[unit]))


def _since_1970(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if column.type == pa.uint64():
        column = _only(column, pc.less_equal(column, pa.scalar(LAST, pa.uint64())))
    number = column.cast(pa.int64())
    micro = pc.if_else(
        pc.less(number, MILLISECONDS_FROM),
        _times(number, MICROSECONDS["s"]),
        pc.if_else(pc.less(number, MICROSECONDS_FROM), _times(number, MICROSECONDS["ms"]), number),
    )
    return _timestamps(micro)


def _times(number: pa.ChunkedArray, factor: int) -> pa.ChunkedArray:
    within = pc.and_(pc.greater_equal(number, FIRST // factor), pc.less_equal(number, LAST // factor))
    return pc.multiply(_only(number, within), factor)


def _timestamps(micro: pa.ChunkedArray) -> pa.ChunkedArray:
    within = pc.and_(pc.greater_equal(micro, FIRST), pc.less_equal(micro, LAST))
    return cast(pa.ChunkedArray, _only(micro, within)).cast(pa.timestamp("us"))


def _only(column: pa.ChunkedArray, which: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(which, column, pa.scalar(None, column.type))
