"""Cells that a spreadsheet takes for text, and that come back as they were."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sentiment.text.cells import ESCAPED, cells_of, escaped, is_harmless, row_of, unescaped

SIGNS = "=+-@\t\r\n＝＋－＠"
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
ESCAPES = ("\\", "\\n", "\\x3d", "\\x5c", "\\u202e", "\\U0001f600", "x3d")
PARTS = st.sampled_from([*SIGNS, *BIDI, *ESCAPES, *",; \"'", "\ufeff", "\x1b"])
TEXTS = st.lists(PARTS | st.text(st.characters(), max_size=3), max_size=8).map("".join)


@given(TEXTS)
@example("\\\\x41")
@example("\\x5\\x3d")
@example("\ud800")
def test_any_text_is_safe_and_comes_back(text: str) -> None:
    cell = escaped(text)
    assert unescaped(cell) == text
    assert is_harmless(cell)
    assert not cell.startswith(tuple(SIGNS))
    assert not set(BIDI) & set(cell)
    assert not any(unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") for one in cell)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_a_row_comes_back_and_an_innocent_one_is_as_it_was(texts: list[str]) -> None:
    cells, said = row_of(texts)
    assert cells_of(cells, said) == tuple(texts)
    assert all(map(is_harmless, cells))
    assert said == ESCAPED or cells == texts


@given(st.lists(TEXTS, min_size=1, max_size=3))
@pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
def test_no_cell_begins_a_formula_wherever_a_spreadsheet_ends_it(delimiter: str, texts: list[str]) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter="\t", lineterminator="\n").writerow(["1", *row_of(texts)[0]])
    for cell in out.getvalue()[:-1].replace("\t", delimiter).split(delimiter):
        assert not cell.strip(" \"'").startswith(tuple(SIGNS))


def test_how_it_looks() -> None:
    assert escaped("=1+1") == "\\x3d1+1"
    assert escaped("\u202e好吃,-5度") == "\\u202e好吃,\\x2d5度"
    assert escaped("\\u202e") == "\\x5cu202e"
    assert row_of(["好吃\\x3d ¯\\_(ツ)_/¯"]) == (["好吃\\x3d ¯\\_(ツ)_/¯"], "")
