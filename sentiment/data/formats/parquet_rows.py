"""The child that reads Parquet: it gets the file on stdin and writes a JSON object for every row to stdout.

`python -m sentiment.data.formats.parquet_rows BYTES SECONDS` limits its own memory and processor time first.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any

from sentiment.data.formats.record import known_names

OUT_OF_MEMORY, BROKEN, NO_COLUMNS = 3, 4, 5  # exit codes
ROWS = 512  # read at once


def main(memory: int, seconds: int) -> int:
    """Writes the rows of the Parquet file on stdin; returns the exit code that says how it ended."""
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"  # the others reserve far more than they use
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    import pyarrow
    from pyarrow import parquet

    pyarrow.set_cpu_count(1)
    try:
        with pyarrow.OSFile("/dev/stdin") as source, parquet.ParquetFile(source) as file:
            names = known_names(file.schema_arrow.names)
            if not {"text", "label"} <= set(names):
                return NO_COLUMNS
            for batch in file.iter_batches(ROWS, columns=list(names.values()), use_threads=False):
                _write([batch.column(name) for name in names.values()], list(names))
    except (MemoryError, pyarrow.ArrowMemoryError):
        return OUT_OF_MEMORY
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError, TypeError, KeyError):
        return BROKEN
    return 0


def _write(columns: list[Any], names: list[str]) -> None:
    rows = zip(*(_values(column) for column in columns), strict=True)
    sys.stdout.write("".join(json.dumps(dict(zip(names, row, strict=True)), default=_other) + "\n" for row in rows))
    sys.stdout.flush()


def _values(column: Any) -> list[Any]:
    """Returns a column's values; text that is not UTF-8 has lone surrogates, which the delivery refuses by row."""
    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        values = [value and value.decode("utf-8", "surrogateescape") for value in column.cast("binary").to_pylist()]
    return values


def _other(value: Any) -> Any:
    """Returns a value of a type that JSON does not have as text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return str(value)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
