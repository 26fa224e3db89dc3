"""Turns one server's replies come to: accuracy, disagreement, errors, response times."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import UNSET

from sentiment.client.answer import CANARY, STABLE
from sentiment.data.tsv import Post
from sentiment.probe.asking import Replies, Reply
from sentiment.results.probe import Example, Pairs, Server, Side
from sentiment.statistics.intervals import wilson

PERCENTILES = (50, 95, 99)
MOST_EXAMPLES = 10


def figures(posts: Sequence[Post], replies: Replies) -> Server:
    """Returns the figures of each label, and how the labels compare where both answered."""
    sides = {label: side(posts, found, replies.first.get(label)) for label, found in replies.of.items()}
    return Server(
        asked=len(replies.of[CANARY]),
        stable=sides.get(STABLE, UNSET),
        canary=sides[CANARY],
        pairs=pairs(posts, replies) if STABLE in sides else None,
    )


def side(posts: Sequence[Post], replies: Sequence[Reply], first: Reply | None) -> Side:
    """Returns one label's figures. Times are those of answers, in ms; `first_ms` is the first on a new connection."""
    answered = [(post, reply) for post, reply in zip(posts, replies, strict=False) if reply.prediction]
    right = sum(reply.prediction.label_id == post.label for post, reply in answered if reply.prediction)
    interval = wilson(right, len(answered))
    times = sorted(reply.seconds * 1000 for _, reply in answered)
    return Side(
        answers=len(answered),
        accuracy=right / len(answered) if answered else None,
        interval=(round(interval[0], 4), round(interval[1], 4)) if interval else None,
        errors=len(replies) - len(answered),
        error=next((reply.error for reply in replies if reply.error), ""),
        first_ms=round(first.seconds * 1000, 2) if first and first.prediction else None,
        **{f"p{percent}_ms": percentile(times, percent) for percent in PERCENTILES},
    )


def percentile(ordered: Sequence[float], percent: int) -> float | None:
    """Returns the smallest value that `percent` % of the values do not exceed (nearest rank); None without values."""
    return round(ordered[math.ceil(len(ordered) * percent / 100) - 1], 2) if ordered else None


def pairs(posts: Sequence[Post], replies: Replies) -> Pairs:
    """Returns counts over the posts that both labels answered."""
    both = list(_both(posts, replies))
    right = [(stable.label_id == post.label, canary.label_id == post.label) for post, stable, canary in both]
    return Pairs(
        rows=len(both),
        only_stable_right=right.count((True, False)),
        only_canary_right=right.count((False, True)),
        disagreements=sum(stable.label_id != canary.label_id for _, stable, canary in both),
    )


def worst_examples(posts: Sequence[Post], replies: Replies) -> list[Example]:
    """Returns posts on which the labels disagree: first those that only stable got right, the canary's surest first."""
    both = [row for row in _both(posts, replies) if row[1].label_id != row[2].label_id]
    both.sort(key=lambda row: (row[1].label_id != row[0].label, -max(row[2].probabilities)))
    return [
        Example(
            text=post.text,
            true=post.label,
            stable=stable.label_id,
            canary=canary.label_id,
            confidence=round(max(canary.probabilities), 4),
        )
        for post, stable, canary in both[:MOST_EXAMPLES]
    ]


def _both(posts: Sequence[Post], replies: Replies) -> Iterator[tuple[Post, Any, Any]]:
    for post, stable, canary in zip(posts, replies.of.get(STABLE, []), replies.of[CANARY], strict=False):
        if stable.prediction and canary.prediction:
            yield post, stable.prediction, canary.prediction
