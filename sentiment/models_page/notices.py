"""Whatever is missing or broken becomes a sentence on the page; the rest of the page is shown all the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sentiment.errors import SentimentError
from sentiment.text.harmless import plain

T = TypeVar("T")
LARGEST_FILE = 16 << 20  # bytes; a larger result file is not one of ours
LONGEST = 400
# The errors that values of the wrong shape can cause; any other error would be a defect of ours.
AMISS = (
    *(ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError),
    SentimentError,
)


class Notices:
    """Sentences about what cannot be shown, each once, in the order in which the problems were found."""

    def __init__(self) -> None:
        self._lines: dict[str, None] = {}

    def add(self, sentence: str) -> None:
        """Adds a sentence; it may quote a stranger's words."""
        self._lines[plain(sentence, LONGEST)] = None

    @property
    def lines(self) -> list[str]:
        return list(self._lines)

    def guarded(self, what: str, make: Callable[[], T]) -> T | None:
        """Returns what `make` returns; None, and adds a notice about `what`, when its data have another shape."""
        try:
            return make()
        except AMISS as error:
            self.add(f"{what} cannot be shown: {_told(error)}.")
            return None

    def read_json(self, path: Path, name: str) -> dict[str, Any] | None:
        """Returns the JSON object in `path`; None, and adds a notice about `name`, when there is none."""
        try:
            if path.stat().st_size > LARGEST_FILE:
                raise ValueError(f"more than {LARGEST_FILE >> 20} MB")
            found = json.loads(path.read_bytes())
        except FileNotFoundError:
            self.add(f"{name} is missing.")
            return None
        except (OSError, ValueError, RecursionError) as error:
            self.add(f"{name} cannot be read: {_told(error)}.")
            return None
        if not isinstance(found, dict):
            self.add(f"{name} cannot be read: it must be a JSON object.")
            return None
        return found


def _told(error: BaseException) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"{type(error).__name__}: {said}".rstrip(". ") if said else type(error).__name__
