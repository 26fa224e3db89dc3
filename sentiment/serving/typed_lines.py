"""Reads a record of JSON lines as values of their declared type."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from sentiment import json_lines
from sentiment.errors import InputError
from sentiment.results.record import decoded

T = TypeVar("T")


def read_lines(path: Path, kind: type[T], do: str) -> list[T]:
    """Returns every whole line, oldest first; none when there is no file.

    Raises: InputError, which names the line and ends with `do`, when one is damaged: no line is passed over.
    """
    return [_read(f"line {line.number} of {path}", line, kind, do) for line in json_lines.read(path)]


def _read(name: str, line: json_lines.Line, kind: type[T], do: str) -> T:
    if line.value is None:
        raise InputError(f"{name} must be a JSON object", found=repr(line.text[:80]), do=do)
    return decoded(line.value, kind, name, do)
