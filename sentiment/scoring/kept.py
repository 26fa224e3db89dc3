"""Whether a table can be kept as Parquet: it is written once, and read again, by a process that may end of it.

Arrow believes a table more where it writes one than where it checks it: some end the process, and of some the file
cannot be read. So the run writes no table of a file that such a process has not written, and read again.
"""

from __future__ import annotations

import pyarrow as pa
from pyarrow import parquet

from sentiment.data.formats.record import UnreadableFile
from sentiment.scoring.parquet_rows import in_a_line

NOT_KEPT = "its columns cannot be kept beside their scores: {}"
AT_ONCE = 1 << 12  # rows that are read again at once: all of a shard take as much memory once more
FAILURES = (pa.ArrowException, OSError, ValueError)  # a column's type may be one that Arrow reads and does not write


def written(table: pa.Table) -> pa.Buffer:
    """Returns a table as a Parquet file. Raises: UnreadableFile."""
    sink = pa.BufferOutputStream()
    try:
        parquet.write_table(table, sink, compression="zstd")
    except MemoryError:  # Arrow's is one of its exceptions, too
        raise
    except FAILURES as error:
        raise UnreadableFile(NOT_KEPT.format(in_a_line(error))) from None
    return sink.getvalue()


def require_kept(table: pa.Table) -> None:
    """Raises: UnreadableFile unless a table can be written, and what was written holds as many rows."""
    content = written(table)
    try:
        [*rows] = map(len, parquet.ParquetFile(pa.BufferReader(content)).iter_batches(AT_ONCE, use_threads=False))
    except MemoryError:
        raise
    except FAILURES as error:
        raise UnreadableFile(NOT_KEPT.format(in_a_line(error))) from None
    if sum(rows) != len(table):
        raise UnreadableFile(NOT_KEPT.format("they are read as another number of rows"))
