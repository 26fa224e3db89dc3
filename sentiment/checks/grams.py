"""Counts in how many posts each run of characters stands, by group: the words of a language that is not segmented.

An n-gram can be frequent only where both (n-1)-grams within it are (R. Agrawal, R. Srikant, "Fast algorithms for mining
association rules", VLDB 1994), so each length is counted only where the one before left something. Nothing is hashed:
an n-gram is the pair of the numbers of its two parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sentiment.data.identity import words_of

SHORTEST, LONGEST = 2, 6  # characters of an n-gram
MOST_CHARACTERS = 512  # of a post: as many as the longest sequence that a model reads has pieces
MOST_OF_ALL = 6_000_000  # characters of all posts together: what is held of them is some 50 times as many bytes
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Grams:
    """The frequent n-grams of one length.

    `counts` int64 [n-grams, groups]: posts that hold it. `starts` int64 [n-grams + 1] and `posts` int64: those posts of
    n-gram i are `posts[starts[i]:starts[i + 1]]`, in order. `texts` are the n-grams themselves.
    """

    texts: list[str]
    counts: Numbers
    starts: Numbers
    posts: Numbers


def plain(text: str) -> str:
    """Returns what of a text is compared: its words alone, without spaces, signs and letter case."""
    return words_of(text[: 2 * MOST_CHARACTERS])[:MOST_CHARACTERS]


def grams(texts: Sequence[str], groups: Numbers, number: int, asked: NDArray[np.bool_], fewest: int) -> Iterator[Grams]:
    """Yields the n-grams of 2 to 6 characters, a length at a time, that `fewest` posts of the asked groups hold.

    `groups` int64 [posts] are the posts' groups, 0 to `number` - 1; the posts of those in `asked`, bool [groups],
    count together.
    """
    codes, posts = _characters(texts)
    ids = _numbered(codes.astype(np.int64))
    for length in range(1, LONGEST + 1):
        keys, rows, places = _once_a_post(ids, posts)
        most = int(keys[-1]) + 1 if len(keys) else 0
        counts = np.bincount(keys * number + groups[rows], minlength=most * number).reshape(most, number)
        frequent = counts[:, asked].sum(1) >= fewest
        if not frequent.any():
            return
        if length >= SHORTEST:
            kept = frequent[keys]
            yield _grams(
                texts, length, counts[frequent], (keys[kept], rows[kept], places[kept] - _begins(posts, rows[kept]))
            )
        ids = _longer(ids, frequent, posts)


def _once_a_post(ids: Numbers, posts: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Returns the n-grams' numbers in order, the posts that hold them, each once, and where; -1 is no n-gram."""
    places = np.flatnonzero(ids >= 0)
    places = places[np.argsort(ids[places], kind="stable")]
    keys, rows = ids[places], posts[places]
    first = np.ones(len(keys), bool)
    first[1:] = (keys[1:] != keys[:-1]) | (rows[1:] != rows[:-1])
    return keys[first], rows[first], places[first]


def _begins(posts: Numbers, rows: Numbers) -> Numbers:
    """Returns where posts begin among all characters."""
    return np.searchsorted(posts, rows)


def _grams(texts: Sequence[str], length: int, counts: Numbers, held: tuple[Numbers, Numbers, Numbers]) -> Grams:
    """Returns n-grams from the number, the post and the place in it of each, in order."""
    keys, rows, places = held
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1], True])
    shown = zip(rows[starts[:-1]].tolist(), places[starts[:-1]].tolist(), strict=True)
    return Grams([texts[row][place : place + length] for row, place in shown], counts, starts, rows)


def _characters(texts: Sequence[str]) -> tuple[NDArray[np.uint32], Numbers]:
    """Returns the code points of all texts one after the other, and the post that each belongs to."""
    lengths = [len(text) for text in texts]
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    return codes, np.repeat(np.arange(len(texts)), lengths)


def _numbered(keys: Numbers) -> Numbers:
    return np.asarray(np.unique(keys, return_inverse=True)[1], np.int64).reshape(-1)


def _longer(ids: Numbers, frequent: NDArray[np.bool_], posts: Numbers) -> Numbers:
    """Returns the numbers of the n-grams that are longer by a character; -1 where a part is rare or the post ends."""
    known = np.append(frequent, False)[ids]  # -1 is the last one
    pair = known[:-1] & known[1:] & (posts[:-1] == posts[1:])
    longer = np.full(len(ids), -1, np.int64)
    places = np.flatnonzero(pair)
    longer[places] = _numbered(ids[places] * (len(frequent) + 1) + ids[places + 1])
    return longer
