"""Rows that are not scored, as lines of JSON: what all of a file's may take is bounded by the file's size."""

from __future__ import annotations

from typing import NamedTuple

from sentiment import atomic
from sentiment.data.formats.unpack import LARGEST_RATIO
from sentiment.data.identity import identity
from sentiment.scoring.columns import OURS, TEXT_ID

LONGEST_RAW = 2_000  # characters of a row that was put aside
CUT = "…"  # ends what is shown of a row, when that is not all of it
NO_ROOM = f"its rows that are put aside take more than {LARGEST_RATIO} times the size of the file"


class Aside(NamedTuple):
    """A row that is not scored: its place in the file (from 0), why, as much of it as can be shown, and its text."""

    row: int
    reason: str
    raw: str
    text: str = ""  # where one can be told from the rest of the row


class PutAside:
    """The lines of the rows of a file that were put aside since they were last taken; all may take `most` bytes."""

    def __init__(self, file: str, most: int) -> None:
        self._file, self._left, self._lines = file, most, list[bytes]()

    def put(self, one: Aside) -> bool:
        """Adds a row; tells whether there was room for it."""
        line = line_of(self._file, one)
        self._left -= len(line)
        if self._left >= 0:
            self._lines.append(line)
        return self._left >= 0

    def taken(self) -> list[bytes]:
        """Returns the lines, and begins anew; what they took stays taken."""
        lines, self._lines = self._lines, []
        return lines


def line_of(file: str, one: Aside) -> bytes:
    """Returns a row that was put aside as a line.

    Its names are those of the columns of the scores: `sentiment_row` counts from 0 here and there, and
    `sentiment_text_id`, where the row has a text, finds it also where `raw` is cut. (Older lines have `row`, from 1.)
    """
    line = {
        "file": file,
        f"{OURS}row": one.row,
        "reason": one.reason,
        "raw": one.raw if len(one.raw) <= LONGEST_RAW else f"{one.raw[:LONGEST_RAW]}{CUT}",
        TEXT_ID: identity(one.text.encode("utf-8", "replace").decode()) if one.text.strip() else "",
    }
    return f"{atomic.json_text(line)}\n".encode("utf-8", "replace")
