"""Finds new rows that are nearly a text of a test set: that text no longer tests a model that has learnt them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sentiment.checks.verdict import Measured
from sentiment.data.identity import words_of
from sentiment.data.tsv import Post

SHINGLE = 3  # characters
ALIKE = 0.8  # Jaccard similarity of the sets of shingles
PERMUTATIONS = 64
SHORTEST = 8  # characters: shorter texts are alike by chance
MOST_EXAMPLES = 10
TITLE = "New training rows that are nearly a test text"
COPIES = "New test rows that are nearly another row of the rolling test set"


def near_tests(new: Sequence[Post], tests: Sequence[Post]) -> Measured:
    """Returns the share of `new` for which some text of `tests` is at least `ALIKE`, with pairs as examples.

    datasketch's MinHash index finds the candidates, and each of them is then compared exactly.
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
    from datasketch import MinHashLSH

    known = [shingles(test.text) for test in tests]
    index = MinHashLSH(threshold=ALIKE, num_perm=PERMUTATIONS)
    for number, (pieces, hashed) in enumerate(zip(known, _hashed(known), strict=True)):
        if pieces:
            index.insert(number, hashed)
    asked = [shingles(post.text) for post in new]
    for place, (post, pieces, hashed) in enumerate(zip(new, asked, _hashed(asked), strict=True)):
        candidates = index.query(hashed) if pieces else []
        others = (number for number in sorted(candidates) if not (own and number == place))
        alike = next((number for number in others if similarity(pieces, known[number]) >= ALIKE), None)
        if alike is not None:
            yield post, tests[alike]


def _hashed(texts: Sequence[set[bytes]]) -> Iterator[object]:
    from datasketch import MinHash

    yield from MinHash.generator(texts, num_perm=PERMUTATIONS)


def shingles(text: str) -> set[bytes]:
    """Returns the runs of three characters of the text's words; none when it is too short to compare."""
    plain = words_of(text)
    if len(plain) < SHORTEST:
        return set()
    return {plain[start : start + SHINGLE].encode("utf-8", "replace") for start in range(len(plain) - SHINGLE + 1)}


def similarity(left: set[bytes], right: set[bytes]) -> float:
    """Returns the Jaccard similarity of two sets that are not empty."""
    return len(left & right) / len(left | right)
