"""The head of a long text: whatever a model reads of it, and little more.

To cut a text into pieces takes some hundred times its size, and a model reads a few hundred pieces. So of a long text
the tokenizer gets the first words, one for each piece that is read: a word has one at least. A word of more than 100
bytes is [UNK], however long it is: its beginning stands for it. The pieces that are read are the same.

What a word is follows the tokenizer's operations, whose Unicode is not that of Python.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple

from sentiment.model import vocabulary
from sentiment.text import marks
from sentiment.text.runs import escaped

SHORT = 4096  # characters of a text that is given as it is
LONGEST_WORD = 100  # bytes: of a longer one, the tokenizer makes [UNK]
AT_ONCE = 4096  # characters of a word
SIGMA = "Σ"  # the one letter whose small letter depends on what is around it, however far away
SPACE = r"\t\n\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
INVISIBLE_CATEGORY, ACCENT_CATEGORY = "Cf", "Mn"
# What the operations take for another kind of character than Python 3.11 does: they know signs of a later Unicode, and
# others not yet.
NO_PUNCTUATION = frozenset(
    "\u061d\u1b7d\u1b7e\u2e52\u2e53\u2e54\u2e55\u2e56\u2e57\u2e58\u2e59\u2e5a\u2e5b\u2e5c\u2e5d"
    "\U00010ead\U00010f86\U00010f87\U00010f88\U00010f89\U0001145a\U000116b9\U00011944\U00011945\U00011946"
    "\U00012ff1\U00012ff2"
)
LATER_INVISIBLE = r"\U00013439-\U0001343f"
LATER_ACCENTS = (
    r"\u0ece\U00010efd-\U00010eff\U00011241\U00011f00\U00011f01\U00011f36-\U00011f3a\U00011f40\U00011f42\U00013440"
    r"\U00013447-\U00013455\U0001e08f\U0001e4ec-\U0001e4ef"
)
DECOMPOSED_TO_PUNCTUATION = r"\u1fef\u2260\u226e\u226f"
HALF_CHARACTERS = r"\ud800-\udfff"  # each becomes a question mark


class Signs(NamedTuple):
    """What the tokenizer sees in a text: `unit` finds a word or a sign that stands alone, `kept` what is left of it."""

    unit: re.Pattern[str]
    kept: re.Pattern[str]
    plain: Callable[[str], str]


def head(text: str, most: int, lower: Callable[[str], str] | None) -> str:
    """Returns a text of which the tokenizer's first `most` pieces are those of `text`.

    `lower` makes small letters, where the tokenizer does.
    """
    if len(text) <= SHORT:
        return text
    if lower and SIGMA in text:
        text = lower(text)
    signs = signs_of(lower_case=lower is not None)
    units = itertools.islice(signs.unit.finditer(text), most)
    return " ".join(_word(text, *unit.span(), signs) for unit in units)


def _word(text: str, begin: int, end: int, signs: Signs) -> str:
    """Returns a word or, of a long one, as much as the tokenizer makes the same of."""
    if end - begin <= 2 * LONGEST_WORD:
        return text[begin:end]
    found = ""
    for start in range(begin, end, AT_ONCE):
        found = signs.plain(found + text[start : min(start + AT_ONCE, end)])
        if too_long := next(itertools.islice(signs.kept.finditer(found), LONGEST_WORD, None), None):
            return found[: too_long.end()]
    return found


@functools.cache
def signs_of(*, lower_case: bool) -> Signs:
    alone = escaped(filter(_is_alone, _candidates())) + HALF_CHARACTERS + _chinese()
    invisible = vocabulary.CONTROL + escaped(_of(INVISIBLE_CATEGORY)) + r"\ufffd" + LATER_INVISIBLE
    if not lower_case:
        return _signs(alone, invisible, re.compile(f"[{invisible}]"))
    accents = escaped(_of(ACCENT_CATEGORY)) + LATER_ACCENTS
    return _signs(alone + DECOMPOSED_TO_PUNCTUATION, invisible + accents, re.compile(f"[{invisible}]"), accents)


def _signs(alone: str, gone: str, invisible: re.Pattern[str], accents: str = "") -> Signs:
    unit = re.compile(f"[{alone}]|[^{alone}{SPACE}{gone}][^{alone}{SPACE}]*")
    # Accents that `marks.few` leaves are starters: what is put in order does not pass them. One does what many do.
    starters = re.compile(f"([{accents}])[{accents}]+") if accents else None

    def plain(word: str) -> str:
        word = invisible.sub("", word)
        return starters.sub(r"\1", marks.few(word)) if starters else word

    return Signs(unit, re.compile(f"[^{gone}]"), plain)


def _is_alone(character: str) -> bool:
    return character not in NO_PUNCTUATION and vocabulary.stands_alone(character)


def _chinese() -> str:
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in vocabulary.CHINESE)


def _of(category: str) -> Iterator[str]:
    return (character for character in _candidates() if unicodedata.category(character) == category)


def _candidates() -> Iterator[str]:
    """Yields the characters among which are all signs of punctuation, invisible ones and accents."""
    return map(chr, itertools.chain(range(0xD800), range(0xE000, 0x20000), range(0xE0000, 0xE1000)))
