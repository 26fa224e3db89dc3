"""Counts of an evaluation by source: who gave the test rows that a candidate wins and loses, and who its new rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentiment.data.posts import each_post
from sentiment.data.tsv import Post
from sentiment.labels import Labels
from sentiment.results.evaluation import NO_ROWS, Paired, SourceRows

LISTED = 20  # of the sources with the most new rows, and of those with the most test rows
LONGEST = 200  # characters of a source's name: two that begin so are one

Probabilities = NDArray[np.float32]


def source_of(post: Post) -> str:
    """Returns the name under which a post's rows are counted."""
    return post.source[:LONGEST]


def new_rows(batch: Path, labels: Labels) -> Counter[str]:
    """Returns the number of new training rows by source; nothing when there is no such file, or no row in it."""
    if not batch.is_file():
        return Counter()
    with batch.open("rb") as file:
        if not any(line.strip() for line in islice(file, 1, 2)):  # only a header
            return Counter()
    return Counter(map(source_of, each_post(batch, labels)))


def by_source(
    sets: Mapping[str, Sequence[Post]],
    candidate: Mapping[str, Probabilities],
    stable: Mapping[str, Probabilities | None],
    new: Counter[str],
) -> list[SourceRows]:
    """Returns the counts of the sets `frozen` and `rolling` by source; probabilities are float32 [rows, labels].

    Sources that are neither among the 20 with the most new rows nor among the 20 with the most test rows are together.
    """
    if any(found is None for found in stable.values()):
        return []
    tested = Counter(source_of(post) for posts in sets.values() for post in posts)
    listed = {name for counts in (new, tested) for name, _ in _most(counts)}
    pairs = {name: _pairs(posts, candidate[name], stable[name], listed) for name, posts in sets.items()}
    rows = _grouped(new, listed)
    names = sorted(
        set(rows).union(*pairs.values()), key=lambda name: (name is None, -rows[name], -tested[name or ""], name or "")
    )
    return [
        SourceRows(name=name, new=rows[name], **{each: found.get(name, NO_ROWS) for each, found in pairs.items()})
        for name in names
    ]


def _most(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:LISTED]


def _grouped(counts: Counter[str], listed: set[str]) -> Counter[str | None]:
    found: Counter[str | None] = Counter()
    for name, number in counts.items():
        found[name if name in listed else None] += number
    return found


def _pairs(
    posts: Sequence[Post], candidate: Probabilities, stable: Probabilities | None, listed: set[str]
) -> dict[str | None, Paired]:
    """Returns the paired counts of one set by source."""
    assert stable is not None
    counts: dict[str | None, Counter[tuple[bool, bool]]] = {}
    said = zip(posts, candidate.argmax(axis=1).tolist(), stable.argmax(axis=1).tolist(), strict=True)
    for post, now, before in said:
        name = source_of(post)
        counts.setdefault(name if name in listed else None, Counter())[now == post.label, before == post.label] += 1
    return {
        name: Paired(
            both_right=found[True, True],
            only_candidate=found[True, False],
            only_stable=found[False, True],
            both_wrong=found[False, False],
        )
        for name, found in counts.items()
    }
