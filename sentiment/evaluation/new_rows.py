"""The new training rows of a run: how many each source gave, and some of them to look at."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from sentiment.data.posts import each_post
from sentiment.data.tsv import Post
from sentiment.labels import Labels

LONGEST = 200  # characters of a source's name: two that begin so are one
LOOKED_AT = 20_000  # rows, drawn from all: those of a source that gave 2 % are about 400


@dataclass(frozen=True)
class NewRows:
    """Rows by source, and up to 20,000 of them."""

    by_source: Counter[str] = field(default_factory=Counter)
    some: list[Post] = field(default_factory=list)


def source_of(post: Post) -> str:
    """Returns the name under which a post's rows are counted."""
    return post.source[:LONGEST]


def new_rows(batch: Path, labels: Labels) -> NewRows:
    """Returns the new rows of a run's batch; none when there is no such file, or no row in it."""
    if not batch.is_file():
        return NewRows()
    with batch.open("rb") as file:
        if not any(line.strip() for line in islice(file, 1, 2)):  # only a header
            return NewRows()
    return drawn(each_post(batch, labels))


def drawn(posts: Iterable[Post]) -> NewRows:
    """Counts all posts by source, and draws 20,000 of them (a reservoir: each is as likely to be in it)."""
    chance, found = random.Random(0), NewRows()
    for number, post in enumerate(posts):
        found.by_source[source_of(post)] += 1
        if number < LOOKED_AT:
            found.some.append(post)
        elif (place := chance.randrange(number + 1)) < LOOKED_AT:
            found.some[place] = post
    return found
