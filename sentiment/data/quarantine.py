"""Where bad rows go: one file a delivery, with line, reason and the raw row, for a person to mend."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sentiment import atomic
from sentiment.run_folder import safe_name

LONGEST_RAW = 2_000  # characters of a bad row that are kept


class Quarantine:
    """The bad rows of one delivery, written as they come."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer
        self.reasons: Counter[str] = Counter()

    def add(self, line: int, reason: str, raw: str) -> None:
        """Adds a row. What follows a colon in `reason` is a detail: reasons are counted without it."""
        self._writer.writerow((line, reason, visible(raw)))
        self.reasons[re.split(": | '", reason, maxsplit=1)[0]] += 1


def visible(raw: str) -> str:
    r"""Returns `raw` as one harmless line: control characters written as `\x1b`, and cut when very long."""
    shown = "".join(
        character.encode("unicode_escape").decode() if unicodedata.category(character) == "Cc" else character
        for character in raw[:LONGEST_RAW]
    )
    return shown + ("…" if len(raw) > LONGEST_RAW else "")


def file_of(folder: Path, number: int, key: str) -> Path:
    """Returns the quarantine file of the delivery `number`, whose file was `key`."""
    return folder / f"{number}-{safe_name(key)}.tsv"


@contextmanager
def quarantining(folder: Path, number: int, key: str) -> Iterator[Quarantine]:
    """Yields the quarantine of a delivery; its file is complete at the end, and absent when no row was bad.

    Call it within the delivery's transaction, which is committed after it: a crash in between leaves a file that the
    next attempt, which gets the same number, replaces (or removes, when that attempt begins with another file).
    """
    path = file_of(folder, number, key)
    with atomic.replacing(path) as temporary:
        with temporary.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
            writer.writerow(("line", "reason", "raw"))
            quarantine = Quarantine(writer)
            yield quarantine
        for left_behind in [*folder.glob(f"{number}-*.tsv"), *folder.glob(f".{number}-*.tmp")]:
            if left_behind != temporary:
                left_behind.unlink()
    if not quarantine.reasons:
        path.unlink()
