"""`serving/refreshments.jsonl`: each replacement of the frozen test set, one line each, the newest last."""

from __future__ import annotations

from pathlib import Path

from sentiment import json_lines
from sentiment.errors import FROM_A_BACKUP, InputError
from sentiment.results.record import as_json, decoded
from sentiment.results.refreshment import Refreshment
from sentiment.settings import Settings


def file_of(settings: Settings) -> Path:
    """Returns the file of the refreshments; it need not exist."""
    return settings.serving / "refreshments.jsonl"


def read_refreshments(settings: Settings) -> list[Refreshment]:
    """Returns every refreshment, oldest first. Raises: InputError, which names the line, when one is damaged."""
    path = file_of(settings)
    found = []
    for line in json_lines.read(path):
        name = f"line {line.number} of {path}"
        if line.value is None:
            raise InputError(f"{name} must be a JSON object", found=f"{line.text[:80]!r}", do=FROM_A_BACKUP)
        found.append(decoded(line.value, Refreshment, name, FROM_A_BACKUP))
    return found


def record(settings: Settings, refreshment: Refreshment) -> None:
    """Adds a line. Hold the lock of refreshments. Raises: OSError when it could not be written."""
    json_lines.append(file_of(settings), as_json(refreshment))
