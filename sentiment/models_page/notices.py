"""Whatever is missing or broken becomes a sentence on the page; the rest of the page is shown all the same."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from sentiment.errors import InputError
from sentiment.results import record
from sentiment.text.harmless import plain

T = TypeVar("T")
⟦⟪LARGEST_FILE = 16 << 20  # bytes of a result file; a larger one is not of ours
⟫LARGEST_FILE = 16 << 20  # bytes; a larger result file is not one of ours
⟧LONGEST = 400
⟦⟪# What reading values of the wrong shape can raise; a defect of ours would be another error.
AMISS = (
    *(ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError),
    SentimentError,
)
⟫# The errors that values of the wrong shape can cause; any other error would be a defect of ours.
AMISS = (
    *(ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError),
    SentimentError,
)
⟧

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

    def read(self, path: Path, kind: type[T], name: str) -> T | None:
        """Returns the value in `path`; None, and adds one notice, which calls the file `name`, when ⟦it cannot⟪the data it reads have⟫its data have⟧ be read."""
        try:
            return record.read(path, kind, "", "it")
        except InputError as error:
            self.add(_cannot_be_read(name, error) if path.exists() else f"{name} is missing.")
            return None

    def decode(self, found: object, kind: type[T], name: str) -> T | None:
        """Returns parsed JSON as a value of `kind`; None, and adds a notice ⟦⟪that calls it `name`, ⟫about `name`, ⟧when it is none."""
        try:
            return record.decoded(found, kind, "it", "")
        except InputError as error:
            self.add(_cannot_be_read(name, error))
            return None


def _cannot_be_read(name: str, error: InputError) -> str:
    return f"{name} cannot be read: {error.must_hold}; found {error.found.rstrip('.')}."
