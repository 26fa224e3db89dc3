"""Counts the words of texts within a memory that does not grow with them: the rarest are forgotten when it is full."""

from __future__ import annotations

from collections import Counter
from statistics import median_high

LONGEST_WORD = 20  # characters; longer ones are no piece of any vocabulary
MOST_COUNTED = 500_000  # different words: some 70 MB
LEAST_OFTEN = 2


class WordCounts:
    """How often each word came. Up to `most` different words the order in which they come does not matter."""

    def __init__(self, most: int = MOST_COUNTED) -> None:
        self._most, self._counted = most, Counter[str]()

    def add(self, word: str) -> None:
        """Counts a word, if it could be a piece: of 2 to 20 characters."""
        if 1 < len(word) <= LONGEST_WORD:
            self._counted[word] += 1
            if len(self._counted) > self._most:
                self._forget_the_rarest()

    def often(self) -> list[str]:
        """Returns the words that came at least twice: the most frequent first, of equals the smaller code."""
        words = (word for word, count in self._counted.items() if count >= LEAST_OFTEN)
        return sorted(words, key=lambda word: (-self._counted[word], word))

    def _forget_the_rarest(self) -> None:
        """Forgets at least half of the words: the median, all that came as rarely, and all that came more rarely."""
        floor = median_high(self._counted.values())
        self._counted = Counter({word: count for word, count in self._counted.items() if count > floor})
