"""Marks that a normalisation puts in order: accents are left out before it, of others 30 in a row stay."""

from __future__ import annotations

import random
import unicodedata

import pytest
from support.own_seconds import at_most

from sentiment.text.marks import few, without_accents

ACUTE, BELOW, VIRAMA, TONE, VOWEL = "\u0301", "\u0323", "\u1b44", "\u302e", "\u0903"
MARKS = [chr(code) for code in range(0x20000) if unicodedata.category(chr(code)).startswith("M")]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("", ""),
        ("好吃！" * 40, "好吃！" * 40),
        ("a" + ACUTE * 3 + "b" + BELOW * 99, "ab"),
        ("a" + VIRAMA * 30 + "b" + TONE * 30, "a" + VIRAMA * 30 + "b" + TONE * 30),
        ("a" + VIRAMA * 20 + ACUTE + TONE * 20 + "b", "a" + VIRAMA * 20 + TONE * 10 + "b"),
        ("a" + VOWEL * 99, "a" + VOWEL * 99),
    ],
)
def test_accents_go_and_thirty_others_stay(text: str, left: str) -> None:
    assert few(text) == left


def test_up_to_thirty_marks_are_decomposed_as_before() -> None:
    draw = random.Random(2026)
    for _ in range(2000):
        text = "".join(draw.choice("aé好한ก") + "".join(draw.choices(MARKS, k=draw.randrange(31))) for _ in range(3))
        before = "".join(sign for sign in unicodedata.normalize("NFD", text) if unicodedata.category(sign) != "Mn")
        assert without_accents(text) == before


def test_no_long_run_is_left_whatever_the_mark() -> None:
    ordered = [chr(code) for code in range(0x110000) if unicodedata.combining(chr(code))]
    assert [mark for mark in ordered if len(few(mark * 40)) > 30] == []


@pytest.mark.parametrize("run", [ACUTE * 80_000 + BELOW * 80_000, TONE * 80_000 + VIRAMA * 80_000])
def test_a_long_run_takes_no_time(run: str) -> None:
    with at_most(5):  # minutes without the rule
        assert len(without_accents("a" + run)) <= 31
