"""Keeps the bad rows of each delivery in one file, for a person to correct and to deliver again.

It is a delivery file itself (TSV with the columns text and label, which are filled in as far as they could be read),
so a corrected copy can go straight into the inbox; `line`, `reason` and `raw` are for the person, and ingest ignores
them. A row that nobody corrected is refused again: a text that must not be taken in is shown only in `raw`, as one
harmless line.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sentiment import atomic
from sentiment.data.formats.record import Columns, Record
from sentiment.data.tsv import one_line
from sentiment.run_folder import safe_name
from sentiment.text.harmless import visible

COLUMNS = ("line", "reason", *Columns._fields, "raw")
ENCODING = "utf-8-sig"  # with a byte order mark: spreadsheets take a file without one for Big5
LONGEST_RAW = 2_000  # characters of a bad row that are kept
LONGEST_LABEL = 200


class Quarantine:
    """The bad rows of one delivery, written as they come."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer
        self.reasons: Counter[str] = Counter()

    def add(self, record: Record, reason: str, intact: bool = True) -> None:
        """Adds a row: its columns if they are `intact`, otherwise only its raw text."""
        columns = Columns(*map(one_line, record.columns)) if intact else Columns()
        label = visible(columns.label[:LONGEST_LABEL])
        raw = "" if columns.text else visible(record.raw, LONGEST_RAW)
        self._writer.writerow((record.number, reason, columns.text, label, columns.title, columns.source, raw))
        self.reasons[counted_as(reason)] += 1


def counted_as(reason: str) -> str:
    """Returns a reason without its detail, which follows a colon or is in quotes."""
    return re.split(""": | ['"]""", reason, maxsplit=1)[0]


def file_of(folder: Path, number: int, key: str) -> Path:
    """Returns the quarantine file of the delivery `number`, whose file was `key`."""
    return folder / f"{number}-{safe_name(key)}.tsv"


@contextmanager
def quarantining(folder: Path, number: int, key: str) -> Iterator[Quarantine]:
    """Yields the quarantine of a delivery; its file is complete at the end, and missing when no row was bad.

    Call it within the delivery's transaction, which is committed after it: a crash in between leaves a file that the
    next attempt, which gets the same number, replaces (or removes, when that attempt begins with another file).
    """
    path = file_of(folder, number, key)
    with atomic.replacing(path) as temporary:
        with temporary.open("w", encoding=ENCODING, newline="") as handle:
            writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
            writer.writerow(COLUMNS)
            quarantine = Quarantine(writer)
            yield quarantine
        for left_behind in [*folder.glob(f"{number}-*.tsv"), *folder.glob(f".{number}-*.tmp")]:
            if left_behind != temporary:
                left_behind.unlink()
    if not quarantine.reasons:
        path.unlink()


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """Yields the rows of a quarantine file by column; a file of an older format has fewer columns."""
    with path.open(encoding=ENCODING, newline="") as handle:
        for row in csv.DictReader(handle, delimiter="\t"):
            yield {column: row.get(column) or "" for column in COLUMNS}
