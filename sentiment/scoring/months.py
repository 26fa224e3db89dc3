"""Which month a post is of, by whatever its column of times holds."""

from __future__ import annotations

from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

TAIPEI = pa.scalar(8 * 3600 * 1_000_000, pa.duration("us"))
WRITTEN = r"^(?P<year>\d{4})[-/.年]?(?P<month>0[1-9]|1[0-2])(?:\D|\d{2}(?:\D|$)|$)"
MILLISECONDS_FROM, MICROSECONDS_FROM = 10**11, 10**14  # whole numbers count seconds up to here: the year 5138


def months_of(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Returns `2026-11` for each time, "" where it says none: of a time with a zone in Taipei, of a text its beginning.

    Whole numbers are seconds, milliseconds or microseconds since 1970, as their size shows.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return months_of(column.cast(kind.value_type))
    if pa.types.is_integer(kind):
        column, kind = _since_1970(column), pa.timestamp("us", "UTC")
    if pa.types.is_timestamp(kind) and kind.tz:
        column = pc.add(column.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us")), TAIPEI)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return pc.fill_null(pc.strftime(column, "%Y-%m"), "")
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        parts = pc.extract_regex(column.cast(pa.string()), WRITTEN)
        joined = pc.binary_join_element_wise(pc.struct_field(parts, 0), pc.struct_field(parts, 1), "-")
        return pc.fill_null(joined, "")
    return pa.chunked_array([pa.array([""] * len(column), pa.string())])


def _since_1970(column: pa.ChunkedArray) -> pa.ChunkedArray:
    number = column.cast(pa.int64())
    micro = pc.if_else(
        pc.less(number, MILLISECONDS_FROM),
        pc.multiply(number, 1_000_000),
        pc.if_else(pc.less(number, MICROSECONDS_FROM), pc.multiply(number, 1_000), number),
    )
    return cast(pa.ChunkedArray, micro).cast(pa.timestamp("us", "UTC"))
