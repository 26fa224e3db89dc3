"""The child that reads Parquet: the file on stdin, on stdout the names of its columns, and an object for every row.

`python -m sentiment.data.formats.parquet_rows BYTES SECONDS MOST ROWS FIELD` limits the memory that it takes beside its
libraries, and its processor time. A file of more than ROWS rows, or whose rows cannot be written in MOST bytes, is not
begun.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from sentiment import disk
from sentiment.data.formats.child import (
    BROKEN,
    DISK_FAILED,
    MANY_COLUMNS,
    NO_COLUMNS,
    OUT_OF_MEMORY,
    TOO_LARGE,
    bound_the_reader,
)
from sentiment.data.formats.labelled import is_tools
from sentiment.data.formats.record import MOST_COLUMNS, by_cleaned_name, label_names, text_names

ROWS = 512  # read at once


def main(memory: int, seconds: int, most: int, rows: int, label_field: str) -> int:
    """Writes the rows of the Parquet file on stdin; returns the exit code that says how it ended."""
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"  # the others reserve far more than they use
    import pyarrow
    from pyarrow import parquet

    bound_the_reader(memory, seconds)
    pyarrow.set_cpu_count(1)
    try:
        with pyarrow.OSFile("/dev/stdin") as source, parquet.ParquetFile(source) as file:
            if len(file.schema_arrow.names) > MOST_COLUMNS:
                return MANY_COLUMNS
            names = wanted(file.schema_arrow.names, label_field)
            if not names:
                return NO_COLUMNS
            if file.metadata.num_rows > rows or least_bytes(file.metadata, names) > most:
                return TOO_LARGE
            sys.stdout.write(json.dumps(names) + "\n")
            classes = class_names(file.schema_arrow.metadata)
            for batch in file.iter_batches(ROWS, columns=names, use_threads=False):
                _write([_named(batch.column(name), classes.get(name)) for name in names], names)
    except (MemoryError, pyarrow.ArrowMemoryError):
        return OUT_OF_MEMORY
    except OSError as error:
        return DISK_FAILED if disk.is_about_the_disk(error) else BROKEN
    except (pyarrow.ArrowException, ValueError, OverflowError, TypeError, KeyError):
        return BROKEN
    return 0


def wanted(names: list[str], label_field: str) -> list[str]:
    """Returns the columns to read: all of a tool's export, or else the text and what may be the label; or none."""
    cleaned = by_cleaned_name(names)
    texts, labels = text_names(cleaned), label_names(cleaned, label_field)
    found = names if is_tools(cleaned) else [*labels, *texts.values()] if labels else []
    return found if "text" in texts and len(set(found)) == len(found) else []


def least_bytes(metadata: Any, names: list[str]) -> int:
    """Returns how many bytes the columns take at least: what the file states, or a line of JSON for every row.

    A column of one value states a few bytes, however many rows it has.
    """
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    columns = [group.column(number) for group in groups for number in range(group.num_columns)]
    stated = sum(int(part.total_uncompressed_size) for part in columns if part.path_in_schema.split(".")[0] in names)
    shortest = len(json.dumps(dict.fromkeys(names, 0))) + 1
    return max(stated, int(metadata.num_rows) * shortest)


def class_names(metadata: dict[bytes, bytes] | None) -> dict[str, list[str]]:
    """Returns, by column, the names that its numbers stand for: Hugging Face's `datasets` keeps them in the file."""
    try:
        features = json.loads((metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        found = {name: feature["names"] for name, feature in features.items() if feature.get("_type") == "ClassLabel"}
    except (ValueError, LookupError, TypeError, AttributeError):
        return {}
    return {name: list(map(str, names)) for name, names in found.items() if isinstance(names, list)}


def _named(column: Any, names: list[str] | None) -> list[Any]:
    values = _values(column)
    if names is None:
        return values
    known = dict(enumerate(names))
    return [known.get(value, value) if isinstance(value, int) else value for value in values]


def _write(columns: list[list[Any]], names: list[str]) -> None:
    rows = zip(*columns, strict=True)
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
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]))
