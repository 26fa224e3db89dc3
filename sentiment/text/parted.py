"""A long text in parts, which Unicode's normal forms and the folding of case leave apart."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

PART = 1 << 14  # characters, or a few more
LETTERS = ("Lo", "Lu", "Ll", "Nd")
FIRST_JAMO, LAST_JAMO = "\u1100", "\u11ff"  # parts of Hangul: the one letters that join the one before


def parted(text: str) -> Iterator[str]:
    """Yields `text` in parts, each but the first of which begins with a letter or digit that joins nothing before it.

    Where a text has none, a part is longer.
    """
    begin = 0
    while begin < len(text):
        end = min(begin + PART, len(text))
        while end < len(text) and not _begins(text[end]):
            end += 1
        yield text[begin:end]
        begin = end


def _begins(character: str) -> bool:
    if character.isascii():
        return character.isalnum()
    first = unicodedata.normalize("NFKD", character)[0]
    return unicodedata.category(first) in LETTERS and not FIRST_JAMO <= first <= LAST_JAMO
