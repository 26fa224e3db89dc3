"""Recognises a delivery file's format, and reads its rows."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from sentiment.data.formats import parquet, unpack
from sentiment.data.formats.delimited import NAMES, delimiter_within, read_delimited
from sentiment.data.formats.encoding import UTF_8, AsUtf8, Encoding, detect
from sentiment.data.formats.json_file import read_json, read_json_lines
from sentiment.data.formats.parquet import read_parquet
from sentiment.data.formats.record import Record, UnreadableFile
from sentiment.labels import Labels

SUFFIXES = (".tsv", ".csv", ".jsonl", ".ndjson", ".json", ".parquet")
SAMPLE = 1 << 20  # bytes from which format and encoding are found
FOREIGN = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"PK\x05\x06": "an empty ZIP archive",
    b"\x1f\x8b": "packed with gzip twice",
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ\0": "packed with xz",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"\x28\xb5\x2f\xfd": "packed with Zstandard",
    b"Rar!": "a RAR archive",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel or Word file",
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
    """Tells whether a file with this name is read: it ends with one of `SUFFIXES`, or with `.gz` after that."""
    return name.lower().removesuffix(".gz").endswith(SUFFIXES)


class _Borrowed(io.RawIOBase):
    """A file that stays open when its reader is closed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self._file.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def read_file(file: BinaryIO, name: str, labels: Labels) -> Reading:
    """Returns what `file`, which must be seekable, holds. Raises: UnreadableFile when it holds nothing readable."""
    magic = file.read(4)
    file.seek(0)
    if magic == parquet.MAGIC:
        return Reading("Parquet", "", read_parquet(file, file.seek(0, io.SEEK_END), labels))
    if magic[:2] != unpack.MAGIC:
        return _read(io.BufferedReader(_Borrowed(file), SAMPLE), name, lambda: "", labels)
    unpacked = unpack.Unpacked(file)
    reading = _read(io.BufferedReader(unpacked, SAMPLE), name, lambda: unpacked.broken, labels)
    return Reading(f"{reading.form}, gzip", reading.encoding, reading.records)


def _read(file: io.BufferedReader, name: str, broken: Callable[[], str], labels: Labels) -> Reading:
    sample = file.peek(SAMPLE)
    if not sample:
        raise UnreadableFile(broken() or "the file is empty")
    if sample.startswith(parquet.MAGIC):
        return Reading("Parquet", "", _read_packed_parquet(file, broken, labels))
    for magic, what in FOREIGN.items():
        if sample.startswith(magic):
            raise UnreadableFile(f"the file is {what}", repr(sample[:60]))
    encoding = detect(sample)
    if encoding.codec != UTF_8.codec:
        file = io.BufferedReader(AsUtf8(cast(BinaryIO, file), encoding), SAMPLE)
        sample = file.peek(SAMPLE)
    elif encoding.mark:
        file.read(len(encoding.mark))
        sample = sample.removeprefix(encoding.mark)
    return _read_text(file, sample, name, encoding, broken, labels)


def _read_text(
    file: io.BufferedReader, sample: bytes, name: str, encoding: Encoding, broken: Callable[[], str], labels: Labels
) -> Reading:
    suffix = Path(name.lower().removesuffix(".gz")).suffix
    if suffix == ".parquet":
        raise UnreadableFile("the file is not Parquet", repr(sample[:60]))
    source = cast(BinaryIO, file)
    if suffix in (".json", ".jsonl", ".ndjson"):
        form, read = ("JSON", read_json) if _is_document(sample, suffix) else ("JSON Lines", read_json_lines)
        return Reading(form, encoding.name, read(source, encoding.name, broken, labels))
    delimiter = delimiter_within(sample, "," if suffix == ".csv" else "\t")
    records = read_delimited(source, delimiter, encoding.name, broken, labels)
    return Reading(NAMES[delimiter], encoding.name, records)


def _is_document(sample: bytes, suffix: str) -> bool:
    """Tells a JSON document from JSON Lines: it is a list, or a `.json` whose first line is not a whole object."""
    start = sample.lstrip()
    if suffix != ".json" or start.startswith(b"["):
        return start.startswith(b"[")
    return not start.split(b"\n", 1)[0].rstrip().endswith(b"}")


def _read_packed_parquet(file: io.BufferedReader, broken: Callable[[], str], labels: Labels) -> Iterator[Record]:
    """Reads from an unpacked copy, because Parquet must be read from its end."""
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        if reason := broken():
            raise UnreadableFile(reason)
        yield from read_parquet(cast(BinaryIO, copy), copy.tell(), labels)
