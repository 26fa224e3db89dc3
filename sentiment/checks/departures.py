"""Finds runs of characters whose new posts have a label more often than posts with them elsewhere.

Elsewhere are the posts of other sources, and old ones. Fisher's exact test decides, with Bonferroni's correction for
all n-grams, labels and sources that are asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sentiment.checks.grams import Grams, Numbers, grams
from sentiment.data.tsv import Post

FEWEST = 8  # posts with the n-gram and the label: fewer prove nothing
SHARE = 0.75  # of the posts with it have the label, at least
MORE = 0.3  # so much more than elsewhere
KNOWN = 10  # posts of other sources tell what an n-gram means; with fewer, the source's own old ones do too
PRIOR = 20  # posts with the share of all posts, added to those elsewhere: of a new name, nothing else is known
RISK = 0.01  # of a false finding a night
MOST_SOURCES = 8  # those with the most new posts are looked at one by one


@dataclass(frozen=True)
class Rows:
    """Posts and the plain texts in which n-grams are counted.

    The first `new` are judged, of which the first `fresh` came since stable, and the others in the nights before.
    """

    posts: Sequence[Post]
    texts: Sequence[str]
    new: int
    fresh: int


@dataclass(frozen=True)
class Departure:
    """An n-gram of a source's new posts: of those that hold it, at the places `held`, `posts` have the `label`.

    `elsewhere` is the label's share of the posts with it elsewhere, `p` is Fisher's.
    """

    text: str
    source: str
    label: int
    held: Numbers
    posts: Numbers
    elsewhere: float
    p: float


def departures(rows: Rows, labels: int) -> tuple[list[Departure], int]:
    """Returns what was found, and how many n-grams, labels and sources were asked."""
    asking = _Asking(rows, labels)
    found, tests = list[Departure](), 0
    is_new = np.tile(np.repeat([False, True], labels), len(asking.names))
    for some in grams(rows.texts, asking.groups, len(is_new), is_new, FEWEST):
        for source in range(len(asking.names)):
            tests += asking.tests(some, source)
            found += asking.of_source(some, source)
    return [one for one in found if one.p * tests < RISK], tests


class _Asking:
    """The posts by group: source, old or new, label."""

    def __init__(self, rows: Rows, labels: int) -> None:
        self._rows, self._labels = rows, labels
        self.names, self._sources = _sources(rows)
        self._given = np.array([post.label for post in rows.posts])
        is_new = np.arange(len(rows.posts)) < rows.new
        self.groups: Numbers = (self._sources * 2 + is_new) * labels + self._given
        counts = np.bincount(self.groups, minlength=2 * len(self.names) * labels)
        self._all = counts.reshape(1, len(self.names), 2, labels)

    def _counts(self, some: Grams) -> Numbers:
        return some.counts.reshape(-1, len(self.names), 2, self._labels)

    def tests(self, some: Grams, source: int) -> int:
        """Returns how many tests an n-gram of so many posts means."""
        return int((self._counts(some)[:, source, 1].sum(1) >= FEWEST).sum()) * self._labels

    def of_source(self, some: Grams, source: int) -> Iterator[Departure]:
        """Yields the n-grams of a source that depart."""
        hits = self._counts(some)[:, source, 1]
        elsewhere = _elsewhere(self._counts(some), self._all, source)
        shares = elsewhere / elsewhere.sum(1, keepdims=True)
        share_here = hits / hits.sum(1, keepdims=True).clip(1)
        departs = (hits >= FEWEST) & (share_here >= SHARE) & (share_here - shares >= MORE)
        for gram, label in zip(*map(np.ndarray.tolist, np.nonzero(departs)), strict=True):
            held = some.posts[some.starts[gram] : some.starts[gram + 1]]
            held = held[(held < self._rows.new) & (self._sources[held] == source)]
            p = _fisher(int(hits[gram, label]), len(held), elsewhere[gram], label)
            share, posts = float(shares[gram, label]), held[self._given[held] == label]
            yield Departure(some.texts[gram], self.names[source], label, held, posts, share, p)


def _sources(rows: Rows) -> tuple[list[str], Numbers]:
    """Returns the names of the sources with the most new posts, and each post's number among them; the last: others."""
    most = Counter(post.source for post in rows.posts[: rows.new]).most_common(MOST_SOURCES)
    names = [name for name, _ in most]
    numbers = {name: number for number, name in enumerate(names)}
    return [*names, "others"], np.array([numbers.get(post.source, len(names)) for post in rows.posts])


def _elsewhere(counts: Numbers, everything: Numbers, source: int) -> NDArray[np.float64]:
    """Returns by n-gram and label the posts elsewhere, with the prior ones: never fewer than those."""
    others, all_others = (_others(each, source) for each in (counts, everything))
    few = others.sum(1, keepdims=True) < KNOWN
    there = others + few * counts[:, source, 0]
    new, old = everything[:, source, 1], all_others + everything[:, source, 0]
    # A night of nothing but praise makes no word of it suspicious.
    shares = np.maximum(old / old.sum(), new / new.sum().clip(1))
    return np.asarray(there + PRIOR * shares / shares.sum())


def _others(counts: Numbers, source: int) -> Numbers:
    """Returns the posts by label of all sources but one, old and new."""
    return np.asarray(counts.sum((1, 2)) - counts[:, source].sum(1))


def _fisher(hits: int, number: int, elsewhere: NDArray[np.float64], label: int) -> float:
    """Returns the chance of at least so many hits, when the label were as frequent here as elsewhere."""
    from scipy.stats import hypergeom

    there, with_label = round(float(elsewhere.sum())), round(float(elsewhere[label]))
    return float(hypergeom.sf(hits - 1, number + there, hits + with_label, number))
