"""Recognises a delivery file's format, and reads its rows."""

from __future__ import annotations

import errno
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from sentiment.data.formats import archive, parquet, unpack, workbook
from sentiment.data.formats.allowance import Allowance
from sentiment.data.formats.delimited import NAMES, read_delimited
from sentiment.data.formats.encoding import Encoding, detect
from sentiment.data.formats.json_file import read_json, read_json_lines
from sentiment.data.formats.opened import SAMPLE, Opened, opened
from sentiment.data.formats.parquet import read_parquet
from sentiment.data.formats.record import Record, UnreadableFile
from sentiment.data.formats.table import Table
from sentiment.data.formats.workbook import read_workbook
from sentiment.data.room import largest_copy, why_too_large
from sentiment.data.rows import delimiter_within
from sentiment.labels import Labels
from sentiment.text.harmless import visible

SUFFIXES = (".tsv", ".csv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx")
ARCHIVE = ".zip"
PACKED = (".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst", ".7z", ".rar")
LONGEST_SUFFIX = 20  # characters that are told of one
ZIP_MAGIC = b"PK\x03\x04"
FOREIGN = {
    ZIP_MAGIC: "a ZIP archive or an Excel workbook under another name",
    b"PK\x05\x06": "an empty ZIP archive",
    b"\x1f\x8b": "packed with gzip twice",
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ\0": "packed with xz",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"\x28\xb5\x2f\xfd": "packed with Zstandard",
    b"Rar!": "a RAR archive",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel or Word file, or a workbook with a password",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x7fELF": "a program",
    b"SQLite format 3\0": "a database",
}


@dataclass(frozen=True)
class Reading:
    """A file that is about to be read: its format and encoding, for people, and its rows."""

    form: str
    encoding: str
    records: Iterator[Record]


def is_delivery(name: str) -> bool:
    """Tells whether a file with this name is read: one of `SUFFIXES`, also with `.gz` behind it, or an archive."""
    return name.lower().removesuffix(".gz").endswith(SUFFIXES) or is_archive(name)


def is_archive(name: str) -> bool:
    """Tells whether a file with this name holds other files."""
    return name.lower().endswith(ARCHIVE)


def why_not_read(name: str) -> str:
    """Returns why a file with this name is not read, or "" when it is."""
    if is_delivery(name):
        return ""
    suffix = Path(name).suffix.lower()
    if suffix == ".xls":
        return "an old Excel workbook is not read: save it as .xlsx"
    if suffix in PACKED:
        return f"a {suffix} archive is not read: unpack it, or deliver a .zip"
    what = f"a file of the kind {visible(suffix, LONGEST_SUFFIX)}" if suffix else "a file without a suffix"
    return f"{what} is not read: deliver {', '.join(SUFFIXES)} or {ARCHIVE}"


def read_file(
    file: BinaryIO, name: str, labels: Labels, label_field: str = "", allowed: Allowance | None = None
) -> Reading:
    """Returns what `file`, which can be sought in, holds. Raises: UnreadableFile when that is nothing that is read.

    `label_field` is the name of the field or control that holds the label, where that is not plain to see. `allowed`
    is what reading the file may cost; without it, what a file of its size may, whatever the time. Raises, also while
    the rows are read: OutOfTime.
    """
    if is_archive(name):
        raise UnreadableFile(archive.members(file)[1] or "the archive is within an archive")
    file.seek(0)
    magic = file.read(4)
    allowed = allowed or Allowance(file.seek(0, io.SEEK_END))
    if magic == parquet.MAGIC:
        return Reading(parquet.NAME, "", read_parquet(file, allowed, labels, label_field))
    if magic == ZIP_MAGIC and name.lower().endswith(".xlsx"):
        return Reading(workbook.NAME, "", read_workbook(file, allowed, labels, label_field))
    reading = _read(file, name, labels, label_field, allowed)
    return Reading(f"{reading.form}, gzip", reading.encoding, reading.records) if magic[:2] == unpack.MAGIC else reading


def _read(file: BinaryIO, name: str, labels: Labels, label_field: str, allowed: Allowance) -> Reading:
    whole, broken = opened(file, None, allowed)
    sample = whole.peek(SAMPLE)
    if not sample:
        raise UnreadableFile(broken() or "the file is empty")
    if sample.startswith(parquet.MAGIC):
        return Reading(parquet.NAME, "", _read_packed_parquet(Opened(whole, broken), allowed, labels, label_field))
    for magic, what in FOREIGN.items():
        if sample.startswith(magic):
            raise UnreadableFile(f"the file is {what}", repr(sample[:60]))
    return _read_text(file, detect(sample), name, labels, label_field, allowed)


def _read_text(
    file: BinaryIO, encoding: Encoding, name: str, labels: Labels, label_field: str, allowed: Allowance
) -> Reading:
    open_file = partial(opened, file, encoding, allowed)
    sample = open_file().file.peek(SAMPLE)
    suffix = Path(name.lower().removesuffix(".gz")).suffix
    if suffix in (".parquet", ".xlsx"):
        what = parquet.NAME if suffix == ".parquet" else "an Excel workbook"
        raise UnreadableFile(f"the file is not {what}", repr(sample[:60]))
    if suffix in (".json", ".jsonl", ".ndjson"):
        form, read = ("JSON", read_json) if _is_document(sample, suffix) else ("JSON Lines", read_json_lines)
        return Reading(form, encoding.name, read(open_file, allowed, encoding.name, labels, label_field))
    delimiter = delimiter_within(
        sample, "," if suffix == ".csv" else "\t", lambda header: Table(header, labels, label_field).is_labelled
    )
    records = read_delimited(open_file, allowed, delimiter, encoding.name, labels, label_field)
    return Reading(NAMES[delimiter], encoding.name, records)


def _is_document(sample: bytes, suffix: str) -> bool:
    """Tells a JSON document from JSON Lines: it is a list, or a `.json` whose first line is not a whole object."""
    start = sample.lstrip()
    if suffix != ".json" or start.startswith(b"["):
        return start.startswith(b"[")
    return not start.split(b"\n", 1)[0].rstrip().endswith(b"}")


def _read_packed_parquet(packed: Opened, allowed: Allowance, labels: Labels, label_field: str) -> Iterator[Record]:
    """Reads from an unpacked copy: a Parquet file is read from its end."""
    largest = largest_copy(Path(tempfile.gettempdir()))
    with tempfile.TemporaryFile() as copy:
        while piece := packed.file.read(SAMPLE):
            copy.write(piece)
            if too_large := why_too_large(copy.tell(), largest):
                raise OSError(errno.EFBIG, too_large)
        if reason := packed.broken():
            raise UnreadableFile(reason)
        yield from read_parquet(cast(BinaryIO, copy), allowed, labels, label_field)
