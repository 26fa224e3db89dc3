"""Reads from the ledger what the findings about many nights compare."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sentiment.checks import nights, noise, words
from sentiment.checks.verdict import Measured
from sentiment.data import ledger as posts_ledger
from sentiment.data.ledger import Delivered
from sentiment.data.nights import counted, sampled
from sentiment.data.tsv import Post
from sentiment.settings import Settings
from sentiment.text.taipei import night_of


def findings(
    settings: Settings, new: Sequence[Delivered], posts: Sequence[Post], seen: Sequence[Post]
) -> list[Measured]:
    """Returns the findings; what was noticed before the nights of the `new` deliveries is not told again.

    `posts` are the run's new ones, for training and for the tests; those that were `seen` tell what is usual.
    """
    labels = settings.label_set
    since = min((night_of(delivery.at) for delivery in new), default=date.max)
    with posts_ledger.opened(settings.posts_database) as ledger:
        counts = counted(ledger, len(labels), nights.NIGHTS, nights.MOST_SOURCES)
        dated = sampled(ledger, noise.NIGHTS, noise.MOST_OF_A_NIGHT)
        recent = [post for _, post in sampled(ledger, words.NIGHTS, words.MOST_OF_A_NIGHT)]
    return [
        nights.label_shares(counts, labels, since),
        noise.noise(dated, seen, labels, since),
        words.words(posts, seen, labels, recent),
    ]
