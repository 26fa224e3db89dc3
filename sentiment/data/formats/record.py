"""One row of a delivery file, whatever the file's format."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sentiment.data.tsv import OPTIONAL, REQUIRED

# What Label Studio (a control's name in its template: sentiment; choice) and doccano (data, label) call these columns.
TOOLS_NAMES = {"text": ("data",), "label": ("labels", "sentiment", "choice", "cats"), "title": (), "source": ()}


class Columns(NamedTuple):
    """The columns of a row that a post is made of, as they were read."""

    text: str = ""
    label: str = ""
    title: str = ""
    source: str = ""


class Record(NamedTuple):
    """One row: the number of its line (or of its element), and its columns or the error that spoiled it.

    `raw` is the row as it was in the file, as far as it could be read. A record with an error may have columns, too.
    """

    number: int
    raw: str
    columns: Columns = Columns()
    error: str = ""


class UnreadableFile(Exception):
    """Nothing can be read from this file; the message is the reason."""

    def __init__(self, reason: str, raw: str = "") -> None:
        super().__init__(reason)
        self.raw = raw


def known_names(names: Iterable[str]) -> dict[str, str]:
    """Returns which of `names` is the text, the label, the title, the source; our own names win over the tools'.

    A column that the file does not have, or has twice, is left out.
    """
    cleaned: dict[str, list[str]] = {}
    for name in names:
        cleaned.setdefault(name.strip().lower(), []).append(name)
    found = {}
    for column in REQUIRED + OPTIONAL:
        for candidate in (column, *TOOLS_NAMES[column]):
            if candidate in cleaned:
                if len(cleaned[candidate]) == 1:
                    found[column] = cleaned[candidate][0]
                break
    return found
