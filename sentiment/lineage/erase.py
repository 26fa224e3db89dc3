"""Takes texts out of files: rows of TSV and CSV, items of JSON, lines of anything else; the rest stays as it was.

Every file is replaced as a whole or not at all. No copy of the old one is kept: that is the purpose.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sentiment import atomic
from sentiment.data.file_lines import bounded_lines
from sentiment.data.formats import unpack
from sentiment.data.formats.encoding import UTF_8, Encoding, detect
from sentiment.data.formats.opened import SAMPLE, opened
from sentiment.data.formats.record import TEXT_NAMES, UnreadableFile
from sentiment.data.rows import Row, RowReader, delimiter_of, delimiter_within
from sentiment.data.source.walk import opened_as_found
from sentiment.lineage.erase_json import erase_document, erase_json_lines
from sentiment.lineage.texts import Confirm, Texts
from sentiment.text.cells import unescaped

LINE_PIECE = 1 << 20
QUOTING = ("raw", "why")  # columns: a refused row as it was; why a case must hold
PLAIN_SUFFIXES = frozenset({".txt", ".md", ".log"})
LONGEST_LINE = 16 << 20  # bytes
LARGEST_PLAIN = 256 << 20  # bytes; a larger file is not ours, and is only reported
LINE_SUFFIXES = frozenset({".jsonl", ".ndjson"})


@dataclass(frozen=True)
class Erased:
    """How many rows, items or lines were erased from a file, or would be."""

    file: Path
    number: int


def erase(path: Path, texts: Texts, write: bool, confirm: Confirm = lambda old, new: None) -> Erased | None:
    """Takes the texts out of one file (only counts them unless `write`); returns None when it holds none of them."""
    number: int | None = None
    suffix = path.suffix.lower()
    if is_delimited(path):
        number = _erase_rows(path, texts, write, confirm)
    elif suffix in LINE_SUFFIXES:
        number = erase_json_lines(path, texts, write, confirm)
    elif suffix == ".json":
        number = erase_document(path, texts, write, confirm)
        if number is None:  # many a tool calls JSON Lines so
            number = erase_json_lines(path, texts, write, confirm)
    if number is None and (suffix in PLAIN_SUFFIXES or suffix in LINE_SUFFIXES or is_delimited(path)):
        number = _erase_lines(path, texts, write, confirm)
    return Erased(path, number) if number else None


def spelling(path: Path) -> Encoding | None:
    """Returns a text file's encoding; None when packed, where a line end is no byte, or when uncertain."""
    with opened_as_found(path) as handle:
        sample = handle.read(SAMPLE)
    try:
        encoding = detect(sample)
    except UnreadableFile:
        return None
    return None if sample.startswith(unpack.MAGIC) or encoding.codec.startswith(("utf-16", "utf-32")) else encoding


def can_be_searched(path: Path) -> bool:
    """Tells whether `erase` finds a text in a text file: rows in any encoding of a byte a line end, others in UTF-8."""
    encoding = spelling(path)
    return encoding is not None and (encoding.codec == UTF_8.codec or is_delimited(path))


def is_delimited(path: Path) -> bool:
    """Tells whether `path` is a TSV or CSV, or one that was kept as NAME.bak-<n>."""
    return _as_named(path).suffix.lower() in (".tsv", ".csv")


def _as_named(path: Path) -> Path:
    return Path(path.name.rpartition(".bak-")[0] or path.name)


def _erase_rows(path: Path, texts: Texts, write: bool, confirm: Confirm) -> int | None:
    """Erases rows; returns their number, or None when the file has no column of texts."""
    with opened_as_found(path) as handle:
        found = _spans(handle, path, texts)
    if found is None or not found:
        return None if found is None else 0
    if write:
        with atomic.rewriting(path) as new:
            _copy_without(path, new, found)
            confirm(path, new)
    return len(found)


def _spans(handle: BinaryIO, path: Path, texts: Texts) -> list[tuple[int, int]] | None:
    """Returns the first and the last line of every row to erase."""
    encoding = spelling(path)
    if encoding is None:
        return None
    file = opened(handle, encoding).file
    promised = delimiter_of(_as_named(path))
    delimiter = delimiter_within(file.peek(SAMPLE), promised, lambda header: _text_column(_cleaned(header)) is not None)
    reader = RowReader(file, delimiter, encoding.name)
    header = reader.header()
    names = _cleaned(header.fields) if header else []
    column = _text_column(names)
    if column is None:
        return None
    quotes = [names.index(name) for name in QUOTING if name in names]
    told = [column, *([names.index("title")] if "title" in names else [])]
    spans: list[tuple[int, int]] = []
    open_since = 0
    for row in reader.rows(lambda fields: len(fields) == len(names)):
        if open_since:
            spans.append((open_since, row.number - 1))  # however many lines the row spans
        open_since = row.number if _is_wanted(row, told, quotes, len(names), texts) else 0
    if open_since:
        spans.append((open_since, 2**62))
    return spans


def _cleaned(header: tuple[str, ...]) -> list[str]:
    return [name.strip().lower() for name in header]


def _text_column(names: list[str]) -> int | None:
    """Returns which column ingest takes for the text."""
    return next((names.index(name) for name in TEXT_NAMES if name in names), None)


def _is_wanted(row: Row, told: list[int], quotes: list[int], width: int, texts: Texts) -> bool:
    if row.error or len(row.fields) != width:
        said = (row.raw, unescaped(row.raw))
        return any(map(texts.quoted_in, said)) or any(map(texts.has, (*row.fields, *map(unescaped, row.fields))))
    shown = [cell for quote in quotes for cell in (row.fields[quote], unescaped(row.fields[quote]))]
    return any(texts.has(row.fields[column]) for column in told) or any(map(texts.quoted_in, shown))


def _copy_without(path: Path, copy: BinaryIO, spans: list[tuple[int, int]]) -> None:
    """Copies a file without the lines in `spans`, which are in order."""
    gaps = iter(spans)
    first, last = next(gaps)
    number, at_start = 0, True
    with opened_as_found(path) as source:
        while piece := source.readline(LINE_PIECE):
            number += at_start
            at_start = piece.endswith(b"\n")
            while number > last:
                first, last = next(gaps, (2**62, 2**62))
            if number < first:
                copy.write(piece)


def _erase_lines(path: Path, texts: Texts, write: bool, confirm: Confirm) -> int:
    if path.stat().st_size > LARGEST_PLAIN:
        return 0
    patterns = texts.patterns()
    with opened_as_found(path) as handle:
        number = sum(gone for _, gone in _lines(handle, patterns))
    if number and write:
        with opened_as_found(path) as handle, atomic.rewriting(path) as new:
            new.writelines(line for line, gone in _lines(handle, patterns) if not gone)
            confirm(path, new)
    return number


def _lines(handle: BinaryIO, patterns: list[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yields the lines of a file, and whether each holds one of the patterns. Raises: OSError on a line too long."""
    for number, line, _ in bounded_lines(handle, LONGEST_LINE):
        if len(line) > LONGEST_LINE:
            raise OSError(errno.EFBIG, f"line {number} has more than {LONGEST_LINE >> 20} MB")
        yield line, any(pattern in line for pattern in patterns)


def still_in(path: Path, patterns: Iterable[bytes]) -> bool:
    """Tells whether a file of any kind holds one of the patterns literally."""
    wanted = list(patterns)
    longest = max((len(pattern) for pattern in wanted), default=0)
    if not longest:
        return False
    kept = b""
    with opened_as_found(path) as handle:
        while piece := handle.read(LINE_PIECE):
            window = kept + piece
            if any(pattern in window for pattern in wanted):
                return True
            kept = window[-longest:]
    return False
