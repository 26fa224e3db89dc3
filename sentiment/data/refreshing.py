"""Chooses the rows of a new frozen test set: some of the old one, and the newest texts that nothing was trained on."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sentiment.data.identity import identity
from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.labels import Labels


@dataclass(frozen=True)
class Chosen:
    """The rows of a new frozen set: places in the old one, in order, and new rows, oldest first."""

    kept: list[int]
    fresh: list[Post]


def apportioned(rows: int, counts: Sequence[int]) -> list[int]:
    """Returns how many of `rows` each label gets, so that the shares are those of `counts`, by largest remainders.

    No label gets more than its count, as `rows` must not be more than all of them.
    """
    total = sum(counts)
    if not 0 <= rows <= total:
        raise ValueError(f"{rows} of {total} rows")
    exact = [rows * count / total if total else 0.0 for count in counts]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(counts)), key=lambda label: (shares[label] - exact[label], label))
    for label in by_remainder[: rows - sum(shares)]:
        shares[label] += 1
    return shares


def require_enough(rows: int, overlap: int, old: int, pool: int) -> None:
    """Raises: InputError when a set of `rows`, of which `overlap` are old, cannot be made of so many."""
    if not 0 <= overlap < rows:
        raise InputError(
            "--overlap must be less than --rows: a refreshment brings new rows",
            found=f"{overlap:,} of {rows:,} rows",
            do="Give a smaller --overlap.",
        )
    if overlap > old:
        raise InputError(
            "--overlap must not be more than the frozen test set has",
            found=f"{overlap:,}, and {old:,} rows in the set",
            do=f"Give --overlap {old} or less.",
        )
    if rows - overlap > pool:
        raise InputError(
            f"a new test set of {rows:,} rows, of which {overlap:,} are old, must find {rows - overlap:,} texts in the"
            " rolling test set that no model was trained on",
            found=f"{pool:,}",
            do=f"Give --rows {pool + overlap} --overlap {overlap}, or wait until more was delivered."
            if pool
            else "Wait until more was delivered: a share of the new texts goes to the rolling test set.",
        )


def choose(old: Sequence[Post], pool: Sequence[Post], rows: int, overlap: int, labels: Labels) -> Chosen:
    """Returns `overlap` random rows of `old`, with its shares of labels, and the newest of `pool`, with those of that.

    `pool` is oldest first. The same sets give the same choice: chance comes from a hash of the old texts.
    Raises: InputError as `require_enough` does.
    """
    require_enough(rows, overlap, len(old), len(pool))
    lots = _lots(old)
    kept = _take(sorted(range(len(old)), key=lots.__getitem__), [post.label for post in old], overlap, labels)
    fresh = _take(range(len(pool) - 1, -1, -1), [post.label for post in pool], rows - overlap, labels)
    return Chosen(kept, [pool[place] for place in fresh])


def _take(order: Sequence[int], label_of: Sequence[int], rows: int, labels: Labels) -> list[int]:
    """Returns the first places in `order` of each label, as many as its share of `rows`; sorted."""
    counts = Counter(label_of)
    left = apportioned(rows, [counts[label] for label in range(len(labels))])
    taken = []
    for place in order:
        if left[label_of[place]]:
            left[label_of[place]] -= 1
            taken.append(place)
    return sorted(taken)


def _lots(posts: Sequence[Post]) -> list[bytes]:
    """Returns a random key for each row, that depends on all of them."""
    keys = [identity(post.text).encode() for post in posts]
    seed = hashlib.sha256(b" ".join(keys)).digest()
    return [hashlib.sha256(seed + b"%d " % place + key).digest() for place, key in enumerate(keys)]
