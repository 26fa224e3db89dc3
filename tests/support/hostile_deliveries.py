"""Delivered files that are small and state much, and what an ingest made of them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import openpyxl
import pyarrow as pa
from pyarrow import parquet

from sentiment.data import ingest as ingesting
from sentiment.settings import Settings
from support.results import in_json

ingest = in_json(ingesting.ingest)
GOOD = "text\tlabel\n這間店真的很好吃\t0\n"


def repeated(rows: int, **row: str | int) -> bytes:
    """Returns a Parquet file of equal rows, each column of which is one value and a count."""
    indices = pa.repeat(pa.scalar(0, pa.int8()), rows)
    table = pa.table({name: pa.DictionaryArray.from_arrays(indices, [value]) for name, value in row.items()})
    out = io.BytesIO()
    parquet.write_table(table, out, compression="zstd")
    return out.getvalue()


def taken(settings: Settings) -> tuple[Any, dict[str, Any]]:
    """Returns the result of an ingest, and its deliveries by key."""
    result = ingest(settings.source_folder, settings)
    return result, {item["key"]: item for item in result["deliveries"]}


def kept(settings: Settings) -> int:
    return sum(path.stat().st_size for path in settings.quarantine.iterdir())


def zipped(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def workbook(*rows: Sequence[str | int]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()
