"""`serving/refreshments.jsonl`: each replacement of the frozen test set, one line each, the newest last."""

from __future__ import annotations

from pathlib import Path

from sentiment import json_lines
from sentiment.errors import FROM_A_BACKUP
from sentiment.results.record import as_json
from sentiment.results.refreshment import Refreshment
from sentiment.serving.typed_lines import read_lines
from sentiment.settings import Settings


def file_of(settings: Settings) -> Path:
    """Returns the file of the refreshments; it need not exist."""
    return settings.serving / "refreshments.jsonl"


def read_refreshments(settings: Settings) -> list[Refreshment]:
    """Returns every refreshment, oldest first. Raises: InputError, which names the line, when one is damaged."""
    return read_lines(file_of(settings), Refreshment, FROM_A_BACKUP)


def record(settings: Settings, refreshment: Refreshment) -> None:
    """Adds a line. Hold the lock of refreshments. Raises: OSError when it could not be written."""
    json_lines.append(file_of(settings), as_json(refreshment))
