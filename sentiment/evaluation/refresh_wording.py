"""A refreshment of the frozen test set in words."""

from __future__ import annotations

from sentiment.language import recorded, tr, tr_many
from sentiment.results.refreshment import Refreshment, Rescored


def told(made: Refreshment, resumed: bool) -> list[str]:
    """Returns the refreshment as lines for people."""
    again = tr("{who}'s refreshment of {at} was interrupted, and is finished now", who=made.who, at=made.at)
    now_has = tr(
        "the frozen test set has {rows} rows now, {overlap} of them from the set before; that one is kept in {file}, "
        "and is never trained on",
        rows=f"{made.frozen.rows:,}",
        overlap=f"{made.overlap:,}",
        file=made.retired.file,
    )
    return [*([again] if resumed else []), now_has, *map(_told_score, made.scores)]


def _told_score(score: Rescored) -> str:
    return tr(
        "{role}, version {version}: {retired} on the set before, {frozen} on this one, {fresh} on its new rows",
        role=recorded(score.role),
        version=score.version,
        retired=f"{score.retired:.3f}",
        frozen=f"{score.frozen:.3f}",
        fresh=f"{score.fresh:.3f}",
    )


def told_few(left: int, needed: int) -> str:
    """Returns what it means that so few rows of the rolling test set are left."""
    rows = tr_many("{number:,} row", "{number:,} rows", left)
    return tr(
        "the rolling test set has {rows} left, and decides again from {needed} on", rows=rows, needed=f"{needed:,}"
    )
