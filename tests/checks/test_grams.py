"""Counting n-grams: what the fast way finds is what a slow one finds."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.checks import grams as counting
from sentiment.checks.grams import LONGEST, SHORTEST, grams, plain

POSTS = st.lists(st.tuples(st.text("好吃的😀a", max_size=9), st.integers(0, 2)), min_size=1, max_size=25)


def counted(posts: list[tuple[str, int]], fewest: int) -> dict[str, tuple[int, ...]]:
    """Counts one text after the other, in groups 0 to 2, of which 1 and 2 are asked."""
    found: dict[str, Counter[int]] = {}
    for text, group in posts:
        pieces = {text[at : at + n] for n in range(SHORTEST, LONGEST + 1) for at in range(len(text) - n + 1)}
        for piece in pieces:
            found.setdefault(piece, Counter())[group] += 1
    counts = {piece: tuple(each[group] for group in range(3)) for piece, each in found.items()}
    return {piece: each for piece, each in counts.items() if each[1] + each[2] >= fewest}


@given(POSTS, st.integers(1, 4))
def test_every_frequent_run_of_characters_is_counted_once_a_post(posts: list[tuple[str, int]], fewest: int) -> None:
    texts, groups = [text for text, _ in posts], np.array([group for _, group in posts])
    found = {}
    for some in grams(texts, groups, 3, np.array([False, True, True]), fewest):
        for place, text in enumerate(some.texts):
            found[text] = tuple(some.counts[place].tolist())
            held = some.posts[some.starts[place] : some.starts[place + 1]].tolist()
            assert held == [number for number, each in enumerate(texts) if text in each]
    assert found == counted(posts, fewest)


@pytest.mark.parametrize("texts", [[], [""], ["", "a", ""]])
def test_without_characters_there_is_nothing(texts: list[str]) -> None:
    assert list(grams(texts, np.zeros(len(texts), np.int64), 1, np.array([True]), 1)) == []


def test_what_only_looks_different_is_the_same_word_and_a_long_post_is_read_in_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert plain("星 巴-克 ＳＴＡＲ！") == "星巴克star"
    monkeypatch.setattr(counting, "MOST_CHARACTERS", 4)
    assert plain("一二三四五六七八九") == "一二三四"
