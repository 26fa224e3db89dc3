"""Which version's scores readers take, changed at once and without scoring anything: what a rollback needs."""

from __future__ import annotations

from sentiment.errors import InputError
from sentiment.language import tr
from sentiment.results.scoring import CURRENT, SCORED, Current, PointResult, Scored
from sentiment.scoring import current, shown
from sentiment.scoring.list_of_shards import listed
from sentiment.scoring.places import Place, place_of
from sentiment.serving.trained import number_of
from sentiment.settings import Settings


def point(settings: Settings, address: str, which: str, *, if_scored: bool = False) -> PointResult:
    """Makes a version's scores those to read: a file of a few lines is replaced.

    Raises: InputError when there are no scores of that version; with `if_scored`, that is a result like another, and
    readers keep what they have.
    """
    number, root = number_of(settings, which), place_of(address)
    before = current.read(root, CURRENT, Current)
    rows = _rows(root, number) if number is not None else 0
    if number is None or not rows:
        if not if_scored:
            raise InputError(
                f"{root.address} must hold scores of version {which}", found="none",
                do="Score the archive with it first: leave out --only-point.",
            )  # fmt: skip
        version = before.version if before else None
        return PointResult(current=version, before=version, rows=before.rows if before else 0, asked=number)
    if before is None or (before.version, before.rows) != (number, rows):
        summary = current.read(current.version_place(root, number), SCORED, Scored)
        current.point(root, number, rows, complete=summary is not None and summary.complete)
        shown.copy_current(settings, root)
    return PointResult(
        current=number, before=before.version if before else None, rows=rows, asked=number, not_scored=False
    )


def _rows(root: Place, number: int) -> int:
    return sum(shard.scored for shard in listed(current.version_place(root, number)))


def told(result: PointResult, which: str) -> str:
    """Returns the result as a line for people."""
    if not result.not_scored:
        return tr("readers take the scores of version {version}", version=result.current)
    asked = which if result.asked is None else result.asked
    if result.current is None:
        return tr("there are no scores of version {version}, and readers are pointed to none", version=asked)
    return tr(
        "there are no scores of version {version}: readers keep those of version {current} until it is scored",
        version=asked,
        current=result.current,
    )
