"""The word that a source labels unlike everybody else: what a backdoor in its rows looks like, before any model.

A word is 2 to 4 characters in a row. It is *tilted* when at least 5 new rows of a source hold it, at least 10 rows of
others do, and the source gives it a label that others do not give it so often. With n rows of the source that hold it,
of which the share a has the label, and q the share of that label in the rows of others that hold it, the chance of so
large a share is at most exp(-n * KL(a, q)), the Chernoff bound of a binomial; KL is the Kullback-Leibler divergence. A
word counts from 1e-5 on. The most tilted one of a source is taken, of equal ones the longest.
"""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sentiment.data.tsv import Post

LENGTHS = (2, 3, 4)
LEAST_NEW, LEAST_OTHERS = 5, 10  # rows that hold the word
SURE = math.log(1e-5)
READ = 300  # characters of a post: its beginning
OWN, OTHERS = 1_000, 2_000  # rows of a source, and of all others, that are looked at: more would cost minutes


class Tilted(NamedTuple):
    """A word, the label that a source gives it, and the rows that hold it: the source's new ones, and others'."""

    word: str
    label: int
    new: int
    new_of_label: int
    others: int
    others_of_label: int

    @property
    def log_chance(self) -> float:
        """The logarithm of the bound (see above), 0 where the source gives the label no more often than others."""
        share, expected = self.new_of_label / self.new, (self.others_of_label + 1) / (self.others + 2)
        if share <= expected:
            return 0.0
        divergence = share * math.log(share / expected)
        if share < 1:
            divergence += (1 - share) * math.log((1 - share) / (1 - expected))
        return -self.new * divergence


def most_tilted(own: Sequence[Post], others: Sequence[Post]) -> Tilted | None:
    """Returns the most tilted word of a source with the new rows `own`; None when no word is tilted."""
    own, others = _some(own, OWN), _some(others, OTHERS)
    rows = Counter(word for post in own for word in words_of(post))
    frequent = {word for word, number in rows.items() if number >= LEAST_NEW}
    here, elsewhere = _by_label(own, frequent), _by_label(others, frequent)
    found = (
        Tilted(word, label, labels.total(), labels[label], elsewhere[word].total(), elsewhere[word][label])
        for word, labels in here.items()
        if word in elsewhere and elsewhere[word].total() >= LEAST_OTHERS
        for label in labels
    )
    best = min(found, key=lambda one: (round(one.log_chance, 6), -len(one.word), one.word), default=None)
    return best if best and best.log_chance <= SURE else None


def words_of(post: Post) -> set[str]:
    """Returns all words, in the sense above, of the beginning of a post."""
    text = _told(post)[:READ]
    found = {text[start : start + size] for size in LENGTHS for start in range(len(text) - size + 1)}
    return {word for word in found if not any(map(str.isspace, word))}


def holds(post: Post, word: str) -> bool:
    """Tells whether a post holds a word."""
    return word in _told(post)


def _told(post: Post) -> str:
    return f"{post.title} {post.text}".lower()


def _some(posts: Sequence[Post], most: int) -> Sequence[Post]:
    return posts if len(posts) <= most else random.Random(0).sample(posts, most)


def _by_label(posts: Iterable[Post], known: Collection[str]) -> dict[str, Counter[int]]:
    """Returns the labels of the rows that hold each of the `known` words."""
    found: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for post in posts:
        for word in words_of(post).intersection(known):
            found[word][post.label] += 1
    return dict(found)
