"""Scores the models that stay on a new frozen test set and on the one before: what of a step comes from the rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentiment.data.refreshing import Chosen
from sentiment.data.tsv import Post
from sentiment.evaluation.in_turn import score
from sentiment.progress import progress
from sentiment.results.refreshment import Rescored
from sentiment.serving.trained import reference_of, stable_of
from sentiment.settings import Settings
from sentiment.step import say


def rescored(settings: Settings, old: list[Post], chosen: Chosen) -> list[Rescored]:
    """Returns the accuracy of stable, and of the reference where it is another version; none before the first model."""
    models = {}
    for role, (folder, version) in (("stable", stable_of(settings)), ("reference", reference_of(settings))):
        if folder is not None and version is not None and version not in models:
            models[version] = (role, folder)
    if not models:
        return []
    rows = len(old) + len(chosen.fresh)
    say(f"refresh-tests: {len(old):,} rows of the present set and {len(chosen.fresh):,} new ones")
    with progress(len(models) * rows, "refresh-tests") as line:
        return [_rescored(role, version, folder, old, chosen, line) for version, (role, folder) in models.items()]


def _rescored(role: str, version: int, folder: Path, old: list[Post], chosen: Chosen, line: object) -> Rescored:
    found = score(role, folder, {"retired": old, "fresh": chosen.fresh}, line).found  # type: ignore[arg-type]
    before, fresh = _right(found["retired"], old), _right(found["fresh"], chosen.fresh)
    after = np.concatenate([before[chosen.kept], fresh])
    return Rescored(
        role=role,
        version=version,
        retired=float(before.mean()),
        frozen=float(after.mean()),
        fresh=float(fresh.mean()),
    )


def _right(probabilities: NDArray[np.float32], posts: list[Post]) -> NDArray[np.bool_]:
    return np.asarray(probabilities.argmax(axis=1) == np.array([post.label for post in posts]))
