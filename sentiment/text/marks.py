"""Combining marks that a normalisation puts in order, which takes n² steps for a run of n: seconds for 100 KB.

Who leaves out accents (category Mn) after the decomposition (NFD) can leave out those that would be put in order before
it, too: the result is the same. The few others that would be put in order, such as viramas and tone marks, stay; of a
run of them the first 30 do. No writing has more. Source of the number: Unicode Standard Annex #15, "Unicode
Normalization Forms", Stream-Safe Text Format.

Only characters that are put in order (canonical combining class not 0, once decomposed) are left out: of the rest, what
stands between two others decides whether those change places.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from sentiment.text.runs import runs

MOST = 30
_ORDERED = [
    mark for mark in map(chr, range(0x300, 0x20000)) if unicodedata.combining(unicodedata.normalize("NFD", mark)[0])
]


def _class(marks: Iterable[str]) -> str:
    """Returns a character class, for Python's `re` and for RE2."""
    return f"[{''.join(f'{first}-{last}' for first, last in runs(marks))}]"


# Both patterns are for Python's `re` and for RE2. RE2 would take seconds to count the marks of a larger class.
ACCENT = _class(mark for mark in _ORDERED if unicodedata.category(mark) == "Mn")
_OTHER = _class(mark for mark in _ORDERED if unicodedata.category(mark) != "Mn")
TOO_MANY = rf"({_OTHER}{{{MOST}}}){_OTHER}+"
_ACCENT, _TOO_MANY = re.compile(ACCENT), re.compile(TOO_MANY)


def few(text: str) -> str:
    """Returns `text` without what would take long to decompose: for who leaves out accents afterwards anyway."""
    return _TOO_MANY.sub(r"\1", _ACCENT.sub("", text))


def without_accents(text: str) -> str:
    """Returns `text` decomposed (NFD), without accents (Mn), as BERT's tokenizer does; it takes time for its length."""
    decomposed = unicodedata.normalize("NFD", few(text))
    return "".join(character for character in decomposed if unicodedata.category(character) != "Mn")
