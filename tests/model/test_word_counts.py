"""Words are counted within a bound of memory."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from sentiment.model.word_counts import LONGEST_WORD, WordCounts

WORDS = st.lists(st.text("abc", min_size=2, max_size=3), max_size=200)


def counted(words: list[str], most: int) -> WordCounts:
    found = WordCounts(most)
    for word in words:
        found.add(word)
    return found


@given(WORDS)
def test_within_the_bound_every_word_counts_and_their_order_does_not(words: list[str]) -> None:
    exact = Counter(words)
    wanted = sorted((word for word in exact if exact[word] > 1), key=lambda word: (-exact[word], word))
    for order in (words, words[::-1]):
        assert counted(order, max(1, len(exact))).often() == wanted


@given(WORDS, st.integers(1, 20))
def test_beyond_the_bound_the_rarest_are_forgotten(words: list[str], most: int) -> None:
    found = counted(words, most)
    assert len(found._counted) <= most
    assert found._counted <= Counter(words), "none comes more often than it did"


def test_a_frequent_word_stays_among_any_number_of_rare_ones() -> None:
    words = [word for number in range(5000) for word in (f"rare{number}", "often")]
    assert counted(words, 100).often() == ["often"]


def test_what_is_no_piece_is_not_counted() -> None:
    assert counted(["a", "b" * LONGEST_WORD, "c" * (LONGEST_WORD + 1)] * 2, 9).often() == ["b" * LONGEST_WORD]
