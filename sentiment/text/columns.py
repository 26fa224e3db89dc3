"""Aligned columns, where a Chinese character is as wide as two others."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence

from sentiment.text.direction import isolated

GAP = "  "


def aligned(rows: Sequence[Sequence[str]], to_the_right: Collection[str] = ()) -> list[str]:
    """Returns rows as lines with columns below each other; the columns with these heads are aligned to the right.

    The heads are the first row. No line ends in spaces.

    Cells are harmless already (see `sentiment.text.harmless`). One that is written from right to left is isolated, so
    that it does not turn the cells behind it round.
    """
    rows = [tuple(map(isolated, row)) for row in rows]
    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    right = [head in to_the_right for head in rows[0]] if rows else []
    return [GAP.join(map(_padded, row, widths, right)).rstrip() for row in rows]


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - cells(text))
    return space + text if right else text + space


def wrapped(text: str, width: int, begin: str = "", goes_on: str = "") -> list[str]:
    """Returns a text as lines of at most `width` columns, the first after `begin`, the others after `goes_on`.

    A word is never cut, and one that is wider, such as an address, has a line of its own.
    """
    lines, empty = [begin], True
    for word in text.split():
        if not empty and cells(lines[-1]) + 1 + cells(word) > width:
            lines.append(goes_on)
            empty = True
        lines[-1] += word if empty else f" {word}"
        empty = False
    return lines


def cells(text: str) -> int:
    """Returns how many columns of a terminal a text takes."""
    return sum(map(_cells_of, text))


def _cells_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):  # marks on the character before, joiners
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
