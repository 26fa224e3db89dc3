"""Which text belongs where: the batch, the old pool, the rolling test set; never on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sentiment.data.identity import identity
from sentiment.data.ledger import Accepted
from sentiment.data.tsv import Post


@dataclass(frozen=True)
class Base:
    """The labelled posts that the system started from."""

    train: Sequence[Post]
    frozen: Sequence[Post]
    rolling: Sequence[Post]


@dataclass(frozen=True)
class Composition:
    """What a run may train on and is tested on. No text of `batch` or `old` is in a test set."""

    batch: list[Post]  # what the stable model has not seen
    old: list[Post]  # what it has
    rolling: list[Post]
    excluded_leaks: int  # texts kept out of training because a test set holds them
    deliveries: list[int]  # that the batch comes from


def compose(base: Base, accepted: Iterable[Accepted], watermark: int) -> Composition:
    """Deals base and accepted posts out; `watermark` is the last delivery that the stable model was trained on.

    Of a text that comes more than once, the newest label is taken. A text that the base trains on keeps that side for
    ever, whatever its hash says: a model that has seen it cannot be tested on it.
    """
    trained = _by_identity(base.train)
    frozen, rolling_base = _by_identity(base.frozen), _by_identity(base.rolling)
    rolling_new: dict[str, Post] = {}
    new: dict[str, Accepted] = {}
    old = dict(trained)
    for item in accepted:
        if item.identity in rolling_base or (item.rolling and item.identity not in trained):
            rolling_new[item.identity] = item.post
        elif item.delivery > watermark:
            new[item.identity] = item
        else:
            old[item.identity] = item.post
    rolling_new = {key: post for key, post in rolling_new.items() if key not in frozen}
    held_out = frozen.keys() | rolling_base.keys() | rolling_new.keys()
    batch = [item for key, item in new.items() if key not in held_out]
    return Composition(
        batch=[item.post for item in batch],
        old=[post for key, post in old.items() if key not in held_out and key not in new],
        rolling=[post for post in base.rolling if identity(post.text) not in rolling_new] + list(rolling_new.values()),
        excluded_leaks=len((old.keys() | new.keys()) & held_out),
        deliveries=sorted({item.delivery for item in batch}),
    )


def _by_identity(posts: Iterable[Post]) -> dict[str, Post]:
    """Returns the posts by identity; of a text that comes twice, the later one."""
    return {identity(post.text): post for post in posts}
