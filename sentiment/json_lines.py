"""JSON Lines that only grow: one object a line, the newest last.

A line counts once its end is on disk: a process that is killed while it writes leaves a torn last line, which was never
acknowledged. Readers leave it out, and the next writer drops it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentiment import atomic, disk

BLOCK = 1 << 16  # bytes that are read at once, from the end, to find the last line's


@dataclass(frozen=True)
class Line:
    """A whole line that is not empty. `number` counts from 1; `value` is None when it holds no JSON object."""

    number: int
    text: str
    value: dict[str, Any] | None


def read(path: Path) -> list[Line]:
    """Returns the whole lines of a file; none when there is no file."""
    if not path.is_file():
        return []
    return parse(path.read_text(encoding="utf-8", errors="replace"))[0]


def parse(content: str) -> tuple[list[Line], str]:
    """Returns the whole lines of a text, and the torn rest behind them; "" when there is none."""
    *whole, torn = content.split("\n")
    return [Line(number, text, _object(text)) for number, text in enumerate(whole, 1) if text.strip()], torn


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def append(path: Path, value: Mapping[str, Any]) -> None:
    """Adds a line, on disk when this returns. One process at a time: hold a lock.

    Raises: OSError, which names the file, when it could not be written; then the file is as it was.
    """
    append_bytes(path, written(value))


def append_bytes(path: Path, lines: bytes) -> None:
    """Adds whole lines as `append` does."""
    first = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+", buffering=0) as handle:
        end = _end_of_last_line(handle.fileno())
        handle.truncate(end)
        try:
            _write(handle.fileno(), lines)
        except OSError as error:
            handle.truncate(end)
            raise disk.named(error, path) from None
    if first:
        atomic.sync_file(path.parent)


def take_back(path: Path, lines: bytes) -> None:
    """Removes the lines that were appended last, when what belongs to them could not be done."""
    with path.open("rb+", buffering=0) as handle:
        if lines and handle.seek(0, os.SEEK_END) >= len(lines):
            handle.truncate(handle.seek(-len(lines), os.SEEK_END))


def _write(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)


def written(value: Mapping[str, Any]) -> bytes:
    """Returns a value as a line."""
    return atomic.json_text(value).encode() + b"\n"


def _end_of_last_line(descriptor: int) -> int:
    """Returns the length of the file without a torn last line."""
    position = os.fstat(descriptor).st_size
    while position > 0:
        start = max(0, position - BLOCK)
        found = os.pread(descriptor, position - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        position = start
    return 0
