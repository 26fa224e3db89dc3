"""Splits rows into those that a training learns from and those that it holds out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.labels import Labels


def require_every_label(posts: Sequence[Post], labels: Labels, path: Path) -> None:
    """Raises: InputError unless every label has a row: a model cannot learn what it never sees."""
    counts = Counter(post.label for post in posts)
    missing = [name for index, name in enumerate(labels.names) if not counts[index]]
    if missing:
        raise InputError(
            f"{path} must hold rows of every label ({labels.describe()})",
            found=f"none of {'、'.join(missing)} in {len(posts)} rows",
            do="Add such rows, or mix in old ones.",
        )


def hold_out(labels: Sequence[int], share: float, seed: int) -> tuple[list[int], list[int]]:
    """Returns the rows to train on and the rows held out: a random `share` of each label, never a whole label."""
    import numpy as np

    order = np.random.default_rng(seed).permutation(len(labels)).tolist()
    wanted = {label: int(count * share) for label, count in Counter(labels).items()}
    held_out = []
    for row in order:
        if wanted[labels[row]] > 0:
            wanted[labels[row]] -= 1
            held_out.append(row)
    return sorted(set(order) - set(held_out)), sorted(held_out)


def require_held_out(labels: Sequence[int], share: float, seed: int) -> None:
    """Raises: InputError when early stopping would have no row to measure its loss on."""
    if not hold_out(labels, share, seed)[1]:
        raise InputError(
            "--early-stopping must have held-out rows to compute val_loss",
            found=f"none: --validation-share {share:g} of {len(labels)} rows is less than one row of each label",
            do="Raise --validation-share, or leave --early-stopping out.",
        )
