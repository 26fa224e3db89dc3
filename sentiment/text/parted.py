"""A long text in parts, which Unicode's normal forms and the folding of case leave apart."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator

from sentiment.text.runs import escaped

PART = 1 << 14  # characters, or a few more
LETTERS = ("Lo", "Lu", "Ll", "Nd")
FIRST_JAMO, LAST_JAMO = "\u1100", "\u11ff"  # parts of Hangul: the one letters that join the one before


def parted(text: str) -> Iterator[str]:
    """Yields `text` in parts, each but the first of which begins with a character that joins nothing before it.

    Where a text has none, a part is longer.
    """
    begin = 0
    while begin < len(text):
        found = _beginning().search(text, begin + PART)
        end = found.start() if found else len(text)
        yield text[begin:end]
        begin = end


@functools.cache
def _beginning() -> re.Pattern[str]:
    return re.compile(f"[{escaped(filter(_begins, map(chr, range(0x10000))))}]")


def _begins(character: str) -> bool:
    if character.isascii():
        return character.isprintable() and not character.isspace()
    first = unicodedata.normalize("NFKD", character)[0]
    return unicodedata.category(first) in LETTERS and not FIRST_JAMO <= first <= LAST_JAMO
