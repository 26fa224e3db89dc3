"""Keeps the bad rows of each delivery in one file, for a person to correct and to deliver again.

It is a delivery file itself (TSV with the columns text and label, which are filled in as far as they could be read),
so a corrected copy can go straight into the inbox; `line`, `reason` and `raw` are for the person, and ingest ignores
them. A row that nobody corrected is refused again: a text that must not be taken in is shown only in `raw`, as one
harmless line. A spreadsheet takes no cell for a formula (`sentiment.text.cells`).

A file may be refused millions of times over, and the rows that a person corrects by hand are few: what is kept is
limited by the file's size, and the last row says how many rows more there were.
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
from sentiment.beside import has_no_owner
from sentiment.data.formats.record import Columns, Record
from sentiment.data.tsv import one_line
from sentiment.run_folder import safe_name
from sentiment.text import cells

COLUMNS = ("line", "reason", *Columns._fields, "raw", cells.COLUMN)
ENCODING = "utf-8-sig"  # with a byte order mark: spreadsheets take a file without one for Big5
LONGEST_RAW = 2_000  # characters of a bad row that are kept
LONGEST_LABEL = 200
TIMES = 4  # bytes that are kept for each byte of the file, as it was delivered: a short row has a longer reason
OF_A_FILE = 1 << 20  # bytes that are kept of any file, however small
OF_ALL = 64 << 20  # bytes that one ingest keeps beyond what the sizes of its files allow
OF_AN_INGEST = (
    512 << 20
)  # bytes that one ingest keeps at most: files may share the disk that each of them seems to take
MOST_FILES = 1_000  # that one ingest makes: a few bytes of an archive may be a file of it
NOT_COPIED = "{:,} rows from here on were refused too, and are not copied: correct the delivered file itself"


class Room:
    """How much one ingest may keep: of each file, and of all together."""

    def __init__(self) -> None:
        self._left, self._of_all, self._files = OF_ALL, OF_AN_INGEST, MOST_FILES

    def of(self, size: int) -> int:
        """Returns how many bytes may be kept of a file that was delivered as `size` bytes."""
        return min(TIMES * size + min(OF_A_FILE, self._left), self._of_all) if self._files > 0 else 0

    def take(self, size: int, kept: int) -> None:
        """Notes how many bytes were kept of that file."""
        self._left -= max(0, kept - TIMES * size)
        self._of_all -= kept
        self._files -= kept > 0


class Quarantine:
    """The bad rows of one delivery, written as they come, up to `most` bytes."""

    def __init__(self, writer: Any, most: int) -> None:
        self._writer, self._most = writer, most
        self.reasons: Counter[str] = Counter()
        self.kept = 0  # bytes
        self.not_copied = 0  # rows
        self._first_not_copied = 0

    def add(self, record: Record, reason: str, intact: bool = True) -> None:
        """Adds a row: its columns if they are `intact`, otherwise only its raw text; only counts it without room."""
        self.reasons[counted_as(reason)] += 1
        if not self.not_copied:
            row = _row(record, reason, intact)
            size = sum(len(cell.encode()) + 1 for cell in row)
            if self.kept + size <= self._most:
                self._writer.writerow(row)
                self.kept += size
                return
            self._first_not_copied = record.number
        self.not_copied += 1

    def finish(self) -> None:
        """Says in a last row how many rows were not copied."""
        if self.not_copied:
            told = Record(self._first_not_copied, "")
            self._writer.writerow(_row(told, NOT_COPIED.format(self.not_copied), intact=True))


def _row(record: Record, reason: str, intact: bool) -> list[str]:
    columns = Columns(*map(one_line, record.columns)) if intact else Columns()
    raw = "" if columns.text else record.raw[:LONGEST_RAW] + "…" * (len(record.raw) > LONGEST_RAW)
    row, said = cells.row_of(columns._replace(label=columns.label[:LONGEST_LABEL]))
    # What is only shown is always escaped, and the row is still as it stands where the columns are.
    return [str(record.number), cells.escaped(reason), *row, cells.escaped(raw), said]


def counted_as(reason: str) -> str:
    """Returns a reason without its detail, which follows a colon or is in quotes."""
    return re.split(""": | ['"]""", reason, maxsplit=1)[0]


def file_of(folder: Path, number: int, key: str) -> Path:
    """Returns the quarantine file of the delivery `number`, whose file was `key`."""
    return folder / f"{number}-{safe_name(key)}.tsv"


@contextmanager
def quarantining(folder: Path, number: int, key: str, most: int = OF_A_FILE) -> Iterator[Quarantine]:
    """Yields the quarantine of a delivery, which keeps `most` bytes; its file is missing when no row is kept.

    Call it within the delivery's transaction, which is committed after it: a crash in between leaves a file that the
    next attempt, which gets the same number, replaces (or removes, when that attempt begins with another file).
    """
    path = file_of(folder, number, key)
    with atomic.replacing(path) as temporary:
        with temporary.open("w", encoding=ENCODING, newline="") as handle:
            writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
            writer.writerow(COLUMNS)
            quarantine = Quarantine(writer, most)
            yield quarantine
            quarantine.finish()
        # A killed attempt's number may be a retraction's by now, so what it left half-written has any number.
        half_written = folder.glob(".*.tmp")
        left = [one for one in half_written if one.name.startswith(f".{number}-") or has_no_owner(one)]
        for left_behind in {*folder.glob(f"{number}-*.tsv"), *left} - {temporary}:
            left_behind.unlink()
    if not quarantine.kept:
        path.unlink()


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """Yields the rows of a quarantine file by column, as they were; a file of an older format has fewer columns."""
    with path.open(encoding=ENCODING, newline="") as handle:
        reader = csv.DictReader(handle, delimiter="\t")
        escapes = cells.COLUMN in (reader.fieldnames or ())
        for row in reader:
            found = {column: row.get(column) or "" for column in COLUMNS}
            given = cells.cells_of([found[name] for name in Columns._fields], found[cells.COLUMN])
            found |= dict(zip(Columns._fields, given, strict=True)) | {cells.COLUMN: ""}
            yield found | {"reason": cells.unescaped(found["reason"])} if escapes else found
