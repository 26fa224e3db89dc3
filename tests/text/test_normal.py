"""Unicode's normal forms: those of Python, without its quadratic time."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.own_seconds import at_most

from sentiment.text.normal import _MAY_BE_MARKS, Form, most_marks, normal

FORMS: tuple[Form, Form] = ("NFD", "NFKC")
# Marks of many classes, letters that hold or are taken apart into marks, and letters that are none.
PIECES = "\u0301\u0323\u0334\u0345\u05b0\u0f73\u0f71\u0344\u3099\uff9e\U0001d165\u1100\u1161aá가ｶ好́\u200d क़"


@given(st.sampled_from(FORMS), st.text(st.sampled_from(PIECES), min_size=31, max_size=120))
def test_the_result_is_pythons(form: Form, text: str) -> None:
    assert normal(form, text) == unicodedata.normalize(form, text)


@given(st.sampled_from(FORMS), st.text(max_size=200))
def test_the_result_is_pythons_for_any_text(form: Form, text: str) -> None:
    assert normal(form, text) == unicodedata.normalize(form, text)


def test_no_mark_is_taken_for_an_everyday_character() -> None:
    everyday = re.compile(_MAY_BE_MARKS.pattern.replace("[^", "[", 1).removesuffix("{31,}"))
    found = everyday.findall("".join(map(chr, range(sys.maxunicode + 1))))
    assert "好" in found
    assert not [each for each in found if unicodedata.combining(unicodedata.normalize("NFKD", each)[0])]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("marks", ["\u0301\u0323", ("\u0f73", ""), ("\uff9e", "\u0334")])
def test_heaps_of_marks_take_no_time(form: Form, marks: tuple[str, str]) -> None:
    with at_most(1):  # one by one, this takes ten seconds
        found = normal(form, "a" + marks[0] * 30_000 + marks[1] * 30_000)
    assert len(found) > 30_000


def test_marks_are_counted_in_a_row() -> None:
    texts = ("", "好吃", "\u0301", "a\u0301\u0301b\u0323", "\u0301a\u0301\u0301")
    assert [most_marks(text) for text in texts] == [0, 0, 1, 2, 2]
