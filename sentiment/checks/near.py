"""Finds new rows that are nearly a text of a test set: that text no longer tests a model that has learnt them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sentiment.checks.verdict import Measured
from sentiment.data.identity import normalise
from sentiment.data.tsv import Post

SHINGLE = 3  # characters
ALIKE = 0.8  # Jaccard similarity of the sets of shingles
PERMUTATIONS = 64
SHORTEST = 8  # characters: shorter texts are alike by chance
MOST_EXAMPLES = 10
TITLE = "New training rows that are nearly a test text"


def near_tests(new: Sequence[Post], tests: Sequence[Post]) -> Measured:
    """Returns the share of `new` for which some text of `tests` is at least `ALIKE`, with pairs as examples.

    datasketch's MinHash index finds the candidates, and each of them is then compared exactly.
    """
    found = list(_pairs(new, tests))
    examples = [f"{post.text} ~ {test.text}" for post, test in found[:MOST_EXAMPLES]]
    return Measured("near_test", TITLE, len(found) / len(new) if new else 0.0, examples=examples)


def _pairs(new: Sequence[Post], tests: Sequence[Post]) -> Iterator[tuple[Post, Post]]:
    from datasketch import MinHashLSH

    known = [shingles(test.text) for test in tests]
    index = MinHashLSH(threshold=ALIKE, num_perm=PERMUTATIONS)
    for number, (pieces, hashed) in enumerate(zip(known, _hashed(known), strict=True)):
        if pieces:
            index.insert(number, hashed)
    asked = [shingles(post.text) for post in new]
    for post, pieces, hashed in zip(new, asked, _hashed(asked), strict=True):
        alike = (
            [number for number in index.query(hashed) if similarity(pieces, known[number]) >= ALIKE] if pieces else []
        )
        if alike:
            yield post, tests[min(alike)]


def _hashed(texts: Sequence[set[bytes]]) -> Iterator[object]:
    from datasketch import MinHash

    yield from MinHash.generator(texts, num_perm=PERMUTATIONS)


def shingles(text: str) -> set[bytes]:
    """Returns the runs of three characters of the normalised text; none when it is too short to compare."""
    plain = normalise(text)
    if len(plain) < SHORTEST:
        return set()
    return {plain[start : start + SHINGLE].encode("utf-8", "replace") for start in range(len(plain) - SHINGLE + 1)}


def similarity(left: set[bytes], right: set[bytes]) -> float:
    """Returns the Jaccard similarity of two sets that are not empty."""
    return len(left & right) / len(left | right)
