"""Unicode's normal forms in time that grows with the text, whatever combining marks a stranger heaps on a letter.

Python sorts the marks behind a letter one by one past the others: a text of 20,000 marks takes a second. Here they
come sorted, and the result is the same.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from functools import partial
from itertools import pairwise
from typing import Literal

from sentiment.text.runs import runs

Form = Literal["NFD", "NFKC"]
Whole = Literal["NFD", "NFKD"]
# So many characters in a row none of which is an everyday letter or sign, which are no marks: only there may be many.
_MAY_BE_MARKS = re.compile(
    "[^\x00-\u02ff\u2010-\u20cf\u2500-\u2bff\u2e80-\u3029\u3030-\u3098\u309b-\ua66e\uac00-\ud7ff\uf900-\ufaff\uff01-\uff9d]{31,}"
)


def normal(form: Form, text: str) -> str:
    """Returns `text` in a normal form, exactly as `unicodedata.normalize` does."""
    return unicodedata.normalize(form, _MAY_BE_MARKS.sub(partial(_ordered, form), text))


def _ordered(form: Form, found: re.Match[str]) -> str:
    """Returns characters taken apart, with the marks of each letter sorted by their class, as every form has them."""
    whole: Whole = "NFD" if form == "NFD" else "NFKD"
    apart = found[0].translate({ord(one): unicodedata.normalize(whole, one) for one in set(found[0])})
    return _marks_in_a_row().sub(_sorted, apart)


def _sorted(marks: re.Match[str]) -> str:
    """Returns marks by their class, those of a class as they were: a list of them would take fifty times the memory."""
    classes = {ord(one): unicodedata.combining(one) for one in set(marks[0])}
    others = (
        {one: None for one, its in classes.items() if its != a_class} for a_class in sorted(set(classes.values()))
    )
    return "".join(map(marks[0].translate, others))


@functools.cache
def _marks_in_a_row() -> re.Pattern[str]:
    found = runs(filter(unicodedata.combining, map(chr, range(0x300, 0x20000))))
    return re.compile(f"[{''.join(f'{first}-{last}' for first, last in found)}]{{2,}}")


def most_marks(text: str) -> int:
    """Returns how many combining characters stand in a row at most."""
    letters = [-1, *(place for place, one in enumerate(text) if not unicodedata.combining(one)), len(text)]
    return max(after - before for before, after in pairwise(letters)) - 1
