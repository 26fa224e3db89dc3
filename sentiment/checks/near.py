"""Finds new rows that are nearly a text of a test set: that text no longer tests a model that has learnt them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from sentiment.checks.verdict import Measured
from sentiment.data.identity import words_of
from sentiment.data.tsv import Post
from sentiment.language import marked

SHINGLE = 3  # characters
ALIKE = 0.8  # Jaccard similarity of the sets of shingles
PERMUTATIONS = 64
SHORTEST = 8  # characters: shorter texts are alike by chance
LONGEST = 500  # characters of a text's words that are compared: no model here reads many more of them
CROWD = 200  # texts that are candidates of each other: one more finds nothing that these do not find
MOST_COMPARED = 20  # candidates of a post, the likeliest: a stranger can make all posts candidates of each other
KEPT = 1_000  # sets of shingles, at 50 KB at most
MOST_EXAMPLES = 10
TITLE = marked("New training rows that are nearly a test text")
COPIES = marked("New test rows that are nearly another row of the rolling test set")


def near_tests(new: Sequence[Post], tests: Sequence[Post]) -> Measured:
    """Returns the share of `new` for which some text of `tests` is at least `ALIKE`, with pairs as examples.

    datasketch's MinHash index finds the candidates, and the likeliest of them are then compared exactly, each by its
    first `LONGEST` characters of words.
    """
    found = list(_pairs(new, tests))
    examples = [f"{post.text} ~ {test.text}" for post, test in found[:MOST_EXAMPLES]]
    return Measured("near_test", TITLE, len(found) / len(new) if new else 0.0, examples=examples)


def copies(new: Sequence[Post], rolling: Sequence[Post]) -> Measured:
    """Returns the share of `new` rows of the rolling set for which another row of it is at least `ALIKE`."""
    mine = {post.text for post in new}
    rows = [*new, *(post for post in rolling if post.text not in mine)]
    found = list(_pairs(new, rows, own=True))
    examples = [f"{post.text} ~ {other.text}" for post, other in found[:MOST_EXAMPLES]]
    return Measured("copies", COPIES, len(found) / len(new) if new else 0.0, examples=examples)


def _pairs(new: Sequence[Post], tests: Sequence[Post], own: bool = False) -> Iterator[tuple[Post, Post]]:
    """Yields each of `new` that is like one of `tests`, with that one; when they are its `own`, like another one."""
    known = _Known(tests)
    for place, (post, hashed) in enumerate(zip(new, _hashed(new), strict=True)):
        alike = known.like(post, hashed, place if own else None)
        if alike is not None:
            yield post, alike


class _Known:
    """The texts to compare with. Time and memory grow with their number, however many of them are nearly alike."""

    def __init__(self, tests: Sequence[Post]) -> None:
        import numpy as np
        from datasketch import MinHashLSH

        self._tests = tests
        self._index = MinHashLSH(threshold=ALIKE, num_perm=PERMUTATIONS)
        self._hashes = np.empty((len(tests), PERMUTATIONS), np.uint64)
        self._shingles = lru_cache(KEPT)(lambda number: shingles(tests[number].text))
        for number, hashed in enumerate(_hashed(tests)):
            if not hashed.is_empty() and len(self._index.query(hashed)) < CROWD:
                self._index.insert(number, hashed)
                self._hashes[number] = hashed.hashvalues

    def like(self, post: Post, hashed: Any, itself: int | None) -> Post | None:
        """Returns the first text that is like `post`, whose MinHash is `hashed`; never the one at place `itself`."""
        candidates = [] if hashed.is_empty() else [each for each in self._index.query(hashed) if each != itself]
        if not candidates:
            return None
        pieces = shingles(post.text)
        alike = (
            each for each in self._likeliest(candidates, hashed) if similarity(pieces, self._shingles(each)) >= ALIKE
        )
        number = next(alike, None)
        return None if number is None else self._tests[number]

    def _likeliest(self, candidates: list[int], hashed: Any) -> list[int]:
        """Returns the candidates in order; of many, those whose MinHash has most in common with `hashed`."""
        if len(candidates) > MOST_COMPARED:
            common = (self._hashes[candidates] == hashed.hashvalues).sum(axis=1)
            candidates = [candidates[place] for place in common.argsort(kind="stable")[-MOST_COMPARED:]]
        return sorted(candidates)


def _hashed(posts: Sequence[Post]) -> Iterator[Any]:
    from datasketch import MinHash

    yield from MinHash.generator((shingles(post.text) for post in posts), num_perm=PERMUTATIONS)


def shingles(text: str) -> set[bytes]:
    """Returns the runs of three characters of the text's first words; none when it is too short to compare."""
    plain = words_of(text)[:LONGEST]
    if len(plain) < SHORTEST:
        return set()
    return {plain[start : start + SHINGLE].encode("utf-8", "replace") for start in range(len(plain) - SHINGLE + 1)}


def similarity(left: set[bytes], right: set[bytes]) -> float:
    """Returns the Jaccard similarity of two sets that are not empty."""
    return len(left & right) / len(left | right)
