"""Whatever is missing or broken becomes a sentence on the page; the rest of the page is shown all the same."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from sentiment.errors import InputError
from sentiment.language import tr
from sentiment.models_page.refusals import found_wrong
from sentiment.results import record
from sentiment.text.harmless import one_line

T = TypeVar("T")
LONGEST = 400


class Notices:
    """Sentences about what cannot be shown, each once, in the order in which the problems were found."""

    def __init__(self) -> None:
        self._lines: dict[str, None] = {}

    def add(self, sentence: str) -> None:
        """Adds a sentence; it may quote a stranger's words."""
        self._lines[one_line(sentence, LONGEST)] = None

    @property
    def lines(self) -> list[str]:
        return list(self._lines)

    def read(self, path: Path, kind: type[T], name: str) -> T | None:
        """Returns the value in `path`; None, and adds a notice about `name`, when it cannot be read."""
        try:
            return record.read(path, kind, "", "it")
        except InputError as error:
            self.add(_cannot_be_read(name, error) if path.exists() else tr("{file} is missing.", file=name))
            return None

    def decode(self, found: object, kind: type[T], name: str) -> T | None:
        """Returns parsed JSON as a value of `kind`; None, and adds a notice, when it has another shape."""
        try:
            return record.decoded(found, kind, "it", "")
        except InputError as error:
            self.add(_cannot_be_read(name, error))
            return None


def _cannot_be_read(name: str, error: InputError) -> str:
    return tr("{file} cannot be read: {error}.", file=name, error=found_wrong(error))
