"""Records of JSON lines as values of their declared type: read strictly, or what can be read; kept within a size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from sentiment import atomic, json_lines
from sentiment.errors import InputError
from sentiment.results.record import as_json, decoded

LARGEST = 4 << 20  # bytes of a record that is kept within a size; beyond, older lines are dropped
T = TypeVar("T")


def read_lines(path: Path, kind: type[T], do: str) -> list[T]:
    """Returns every whole line, oldest first; none when there is no file.

    Raises: InputError, which names the line and ends with `do`, when one is damaged: no line is passed over.
    """
    return [_read(f"line {line.number} of {path}", line, kind, do) for line in json_lines.read(path)]


def readable_lines(path: Path, kind: type[T]) -> list[T]:
    """Returns every whole line that is of that kind, oldest first; others, of another version, are left out."""
    found = (_as(line.value, kind) for line in json_lines.read(path))
    return [value for value in found if value is not None]


def append_within(path: Path, value: msgspec.Struct, known: Callable[[], Sequence[msgspec.Struct]], keep: int) -> None:
    """Adds a line, on disk when this returns. Of a file that is too large, the last `keep` values stay before it.

    `known` returns the file's values, and is asked for them only then. One process at a time: hold a lock.
    Raises: OSError, which names the file, when it cannot be written.
    """
    if path.is_file() and path.stat().st_size > LARGEST:
        newest = b"".join(json_lines.written(as_json(one)) for one in known()[-keep:])
        atomic.write_text(path, newest.decode("utf-8"))
    json_lines.append(path, as_json(value))


def _as(found: object, kind: type[T]) -> T | None:
    try:
        return msgspec.convert(found, kind)
    except (msgspec.ValidationError, UnicodeEncodeError):  # of half a character, where a text must be one of a few
        return None


def _read(name: str, line: json_lines.Line, kind: type[T], do: str) -> T:
    if line.value is None:
        raise InputError(f"{name} must be a JSON object", found=repr(line.text[:80]), do=do)
    return decoded(line.value, kind, name, do)
