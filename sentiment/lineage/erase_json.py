"""Takes texts out of JSON and JSON Lines, in memory that does not grow with the file.

A Python value takes up to 50 times the memory of its JSON, and strangers deliver these files. So lines, and the
elements of a large list, are read one by one.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from sentiment import atomic
from sentiment.data.file_lines import BOM, bounded_lines
from sentiment.data.formats.json_elements import TOO_LONG, elements
from sentiment.data.formats.record import TEXT_NAMES
from sentiment.data.identity import words_of
from sentiment.data.source.walk import opened_as_found
from sentiment.lineage.half_characters import as_utf_8
from sentiment.lineage.texts import LONG_ENOUGH, Confirm, Texts

POST_KEYS = frozenset({*TEXT_NAMES, "texts", "title", "raw"})
LARGEST_VALUE = 16 << 20  # bytes of a file, or of a line, that is parsed as a whole
MOST_VALUES = 500_000  # of them in it, by its commas and brackets: each takes hundreds of bytes


class _Parsed(NamedTuple):
    """A JSON value, and whether its bytes were UTF-8: then half a character in it was an escape."""

    value: Any
    is_utf_8: bool


Values = Callable[[BinaryIO], Iterator[_Parsed]]
Written = Callable[[Iterator[bytes]], Iterator[bytes]]


def erase_document(path: Path, texts: Texts, write: bool, confirm: Confirm) -> int | None:
    """Erases items of lists, and other strings, from a JSON file; returns their number, None when it is not JSON.

    Raises: OSError when it is too large to be parsed as a whole, and no list.
    """
    with opened_as_found(path) as file:
        content = file.read(LARGEST_VALUE + 1)
    if _is_large(content):
        if not content.removeprefix(BOM).lstrip().startswith(b"["):
            raise _too_large("the file")
        return _rewrite(path, _elements, _as_list, texts, write, confirm)
    try:
        parsed = _parsed(content.removeprefix(BOM))
        kept, number = without(parsed.value, texts)
    except ValueError:
        return None
    if number and write:
        with atomic.rewriting(path) as new:
            new.write(_bytes(kept, parsed, indent=2) + b"\n")
            confirm(path, new)
    return number


def erase_json_lines(path: Path, texts: Texts, write: bool, confirm: Confirm) -> int | None:
    """Erases lines, and strings within them, from JSON Lines; returns their number, None when a line is not JSON.

    Raises: OSError when a line is too large.
    """
    return _rewrite(path, _lines, _as_lines, texts, write, confirm)


def _rewrite(path: Path, values: Values, written: Written, texts: Texts, write: bool, confirm: Confirm) -> int | None:
    """Reads the values of a file one by one, and once more to write them when there is something to erase."""
    try:
        with opened_as_found(path) as file:
            number = sum(without([parsed.value], texts)[1] for parsed in values(file))
    except ValueError:
        return None
    if number and write:
        with opened_as_found(path) as file, atomic.rewriting(path) as new:
            kept = ((item, parsed) for parsed in values(file) for item in without([parsed.value], texts)[0])
            new.writelines(written(_bytes(item, parsed) for item, parsed in kept))
            confirm(path, new)
    return number


def _lines(file: BinaryIO) -> Iterator[_Parsed]:
    """Yields the value of each line. Raises: ValueError when it is not JSON, OSError when it is too large."""
    for number, line, _ in bounded_lines(file, LARGEST_VALUE):
        if _is_large(line):
            raise _too_large(f"line {number}")
        if content := (line.removeprefix(BOM) if number == 1 else line).strip():
            yield _parsed(content)


def _as_lines(items: Iterator[bytes]) -> Iterator[bytes]:
    return (item + b"\n" for item in items)


def _elements(file: BinaryIO) -> Iterator[_Parsed]:
    """Yields the elements of a list. Raises: ValueError when one is not JSON, OSError when it is too large."""
    file.seek(len(BOM) if file.read(len(BOM)) == BOM else 0)
    for number, (element, fault) in enumerate(elements(file), 1):
        if fault == TOO_LONG or _is_large(element):
            raise _too_large(f"element {number}")
        if fault:
            raise ValueError(fault)
        yield _parsed(element)


def _as_list(items: Iterator[bytes]) -> Iterator[bytes]:
    before = b"[\n"
    for item in items:
        yield before + item
        before = b",\n"
    yield b"\n]\n" if before == b",\n" else b"[]\n"


def _is_large(content: bytes) -> bool:
    many = len(content) > MOST_VALUES and sum(map(content.count, (b",", b"[", b"{"))) > MOST_VALUES
    return many or len(content) > LARGEST_VALUE


def _too_large(what: str) -> OSError:
    return OSError(errno.EFBIG, f"{what} is a JSON value that is too large to be read as a whole")


def _parsed(content: bytes) -> _Parsed:
    try:
        return _Parsed(json.loads(content.decode()), is_utf_8=True)
    except UnicodeDecodeError:
        return _Parsed(json.loads(content.decode("utf-8", "surrogateescape")), is_utf_8=False)


def _bytes(kept: Any, was: _Parsed, indent: int | None = None) -> bytes:
    return as_utf_8(json.dumps(kept, ensure_ascii=False, indent=indent), may_be_bytes=not was.is_utf_8)


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
