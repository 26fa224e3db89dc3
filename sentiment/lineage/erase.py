"""Takes texts out of files: rows of TSV and CSV, items of JSON, lines of anything else; the rest stays as it was.

Every file is replaced as a whole or not at all. No copy of the old one is kept: that is the purpose.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO

from sentiment import atomic
from sentiment.data.formats import unpack
from sentiment.data.formats.encoding import UTF_8, Encoding, detect
from sentiment.data.formats.opened import SAMPLE, opened
from sentiment.data.formats.record import UnreadableFile
from sentiment.data.identity import RULES, VERSION, identity, words_of
from sentiment.data.rows import Row, RowReader, delimiter_of
from sentiment.data.source.walk import opened_as_found
from sentiment.text.cells import escaped, unescaped
from sentiment.text.harmless import visible_in_json

LONG_ENOUGH = 8  # characters of a normalised text from which it is also searched within other texts
LINE_PIECE = 1 << 20
POST_KEYS = frozenset({"text", "texts", "title", "raw"})
QUOTING = ("raw", "why")  # columns: a refused row as it was; why a case must hold
PLAIN_SUFFIXES = frozenset({".txt", ".md", ".log"})
LARGEST_PLAIN = 256 << 20  # bytes; a larger file is not ours, and is only reported
LINE_SUFFIXES = frozenset({".jsonl", ".ndjson"})
Confirm = Callable[[Path, BinaryIO], None]  # is called with the file and its replacement, just before the replacement


class Texts:
    """The texts to forget. A text is recognised by its identity, even when it is written a little differently.

    Within other texts it is found by its words alone. What version 1 of the identity left knows it by `identities[1]`.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._words = {text.strip() for text in texts if text.strip()}
        self.identities = {version: frozenset(map(rule, self._words)) for version, rule in RULES.items()}
        forms = {words_of(text) for text in self._words}
        self._long = sorted(form for form in forms if len(form) >= LONG_ENOUGH)

    def __len__(self) -> int:
        return len(self.identities[VERSION])

    def has(self, text: str) -> bool:
        """Tells whether `text` is one of them."""
        text = text.encode("utf-8", "replace").decode()  # JSON may hold half a surrogate pair
        return bool(text) and identity(text) in self.identities[VERSION]

    def quoted_in(self, text: str) -> bool:
        """Tells whether `text` is one of them, quotes a long one, or is the beginning of one that was cut short."""
        if not text or self.has(text):
            return bool(text)
        form = words_of(text)
        is_cut = text.rstrip().endswith(("…", "...")) and len(form) >= LONG_ENOUGH
        return any(word in form or (is_cut and word.startswith(form)) for word in self._long)

    def patterns(self) -> list[bytes]:
        """Returns the bytes that a file holds if it quotes one of the texts word for word."""
        words = [word for word in self._words if len(words_of(word)) >= LONG_ENOUGH]
        as_written = (str, html.escape, escaped, _in_json, lambda word: visible_in_json(_in_json(word, False)))
        return [spelt.encode() for spelt in sorted({write(word) for word in words for write in as_written})]


def _in_json(word: str, ascii_only: bool = True) -> str:
    return json.dumps(word, ensure_ascii=ascii_only)[1:-1]


@dataclass(frozen=True)
class Erased:
    """How many rows, items or lines were erased from a file, or would be."""

    file: Path
    number: int


def erase(path: Path, texts: Texts, write: bool, confirm: Confirm = lambda old, new: None) -> Erased | None:
    """Takes the texts out of one file (only counts them unless `write`); returns None when it holds none of them."""
    number: int | None = None
    if is_delimited(path):
        number = _erase_rows(path, texts, write, confirm)
    elif path.suffix in LINE_SUFFIXES or path.suffix == ".json":
        number = _erase_items(path, texts, write, confirm)
    if number is None and (path.suffix in PLAIN_SUFFIXES or path.suffix in LINE_SUFFIXES or is_delimited(path)):
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
    """Erases rows; returns their number, or None when the file has no column `text`."""
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
    reader = RowReader(opened(handle, encoding).file, delimiter_of(_as_named(path)), encoding.name)
    header = reader.header()
    names = [name.strip().lower() for name in header.fields] if header else []
    if "text" not in names:
        return None
    column = names.index("text")
    quotes = [names.index(name) for name in QUOTING if name in names]
    spans: list[tuple[int, int]] = []
    open_since = 0
    for row in reader.rows(lambda fields: len(fields) == len(names)):
        if open_since:
            spans.append((open_since, row.number - 1))  # however many lines the row spans
        open_since = row.number if _is_wanted(row, column, quotes, len(names), texts) else 0
    if open_since:
        spans.append((open_since, 2**62))
    return spans


def _is_wanted(row: Row, column: int, quotes: list[int], width: int, texts: Texts) -> bool:
    if row.error or len(row.fields) != width:
        said = (row.raw, unescaped(row.raw))
        return any(map(texts.quoted_in, said)) or any(map(texts.has, (*row.fields, *map(unescaped, row.fields))))
    shown = [cell for quote in quotes for cell in (row.fields[quote], unescaped(row.fields[quote]))]
    return texts.has(row.fields[column]) or any(map(texts.quoted_in, shown))


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


def _erase_items(path: Path, texts: Texts, write: bool, confirm: Confirm) -> int | None:
    """Erases items of lists, and other strings; returns their number, or None when the file is not JSON."""
    by_line = path.suffix in LINE_SUFFIXES
    with TextIOWrapper(opened_as_found(path), encoding="utf-8-sig", errors="surrogateescape") as file:
        content = file.read()
    try:
        parts = [json.loads(line) for line in content.split("\n") if line.strip()] if by_line else json.loads(content)
    except ValueError:
        return None
    kept, number = without(parts, texts)
    if number and write:
        shown = "".join(f"{json.dumps(part, ensure_ascii=False)}\n" for part in kept) if by_line else _as_file(kept)
        with atomic.rewriting(path) as new:
            new.write(shown.encode("utf-8", "surrogateescape"))
            confirm(path, new)
    return number


def _as_file(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def without(value: Any, texts: Texts, key: str = "") -> tuple[Any, int]:
    """Returns a JSON value without the texts, and how many there were; `key` is the key of the value.

    An item of a list is removed as a whole when it is, or holds, one of them; a string elsewhere becomes empty. A short
    text counts only at a key that is known to hold posts: `正面` is also the name of a label.
    """
    if isinstance(value, str):
        return ("", 1) if _is_about(key, value, texts) else (value, 0)
    if isinstance(value, dict):
        parts = {name: without(part, texts, name) for name, part in value.items()}
        return {name: part for name, (part, _) in parts.items()}, sum(number for _, number in parts.values())
    if not isinstance(value, list):
        return value, 0
    kept, gone = [], 0
    for item in value:
        if any(_is_about(name, text, texts) for name, text in _strings(item, key)):
            gone += 1
            continue
        part, number = without(item, texts, key)
        kept.append(part)
        gone += number
    return kept, gone


def _strings(item: Any, key: str) -> Iterator[tuple[str, str]]:
    """Yields the strings of an item of a list, with their keys; a list within it is searched by itself."""
    if isinstance(item, str):
        yield key, item
    elif isinstance(item, dict):
        for name, part in item.items():
            yield from _strings(part, name)


def _is_about(key: str, value: str, texts: Texts) -> bool:
    if key not in POST_KEYS and len(words_of(value)) < LONG_ENOUGH:
        return False
    return texts.quoted_in(value)


def _erase_lines(path: Path, texts: Texts, write: bool, confirm: Confirm) -> int:
    if path.stat().st_size > LARGEST_PLAIN:
        return 0
    patterns = texts.patterns()
    with opened_as_found(path) as handle:
        lines = handle.readlines()
    kept = [line for line in lines if not any(pattern in line for pattern in patterns)]
    if len(kept) < len(lines) and write:
        with atomic.rewriting(path) as new:
            new.writelines(kept)
            confirm(path, new)
    return len(lines) - len(kept)


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
