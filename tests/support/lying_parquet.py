"""Small Parquet files whose footer says less than their pages hold."""

from __future__ import annotations

import io
import struct

import pyarrow as pa
from pyarrow import parquet


def number(value: int, length: int = 0) -> bytes:
    """Returns a number of Thrift's compact form; in more bytes than it needs, where that is asked for."""
    value *= 2
    found = bytearray()
    while value > 127 or len(found) < length - 1:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def with_footer(content: bytes, change: tuple[bytes, bytes]) -> bytes:
    """Returns a Parquet file with other bytes in its footer, wherever these are."""
    size = struct.unpack("<I", content[-8:-4])[0]
    rows, footer = content[: -8 - size], content[-8 - size : -8]
    assert change[0] in footer
    footer = footer.replace(*change)
    return rows + footer + struct.pack("<I", len(footer)) + b"PAR1"


def lying(page: int, stated: int = 5_000, **more: list[str]) -> bytes:
    """Returns 4 KB: a text of 140 MB, of which the footer says `stated` bytes, and the page's head `page`.

    Beside the text it has the columns of `more`.
    """
    size, head = 140_000_000, number(140_000_010)
    sink = io.BytesIO()
    kept = {"use_dictionary": False, "write_statistics": False, "store_schema": False}
    parquet.write_table(pa.table({"text": ["a" * size], **more}), sink, compression="zstd", **kept)
    of_all = number(140_000_034)
    content = with_footer(sink.getvalue(), (of_all, number(stated, len(of_all))))
    assert head in content[:30] and len(content) < 5_000
    return content.replace(head, number(page), 1)
