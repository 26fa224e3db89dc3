"""What the scores of a version are begun with: all of its runs must agree with it, once a shard of it is finished."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from sentiment.errors import InputError
from sentiment.results.record import as_json
from sentiment.results.scoring import ASIDE_FILES
from sentiment.scoring.columns import Columns
from sentiment.scoring.current import ABOUT, DO, Made, read, version_place, write
from sentiment.scoring.places import Place
from sentiment.scoring.shards import ASIDE, DATA, ROWS, Shard, is_aside, named
from sentiment.serving.state import State


def agreed(root: Place, wanted: Made, others: Iterable[int], *, shard_rows_given: bool) -> Made:
    """Returns what the version's scores were begun with, or are to be begun with, which is not written yet.

    `others` are versions whose scores may be compared with these, the likeliest first: a new version takes their
    shards. What no finished shard holds to is replaced by what is wanted now.

    Raises: InputError when it belongs to another model, its rows would be read in another way, or nothing says how.
    """
    place = version_place(root, wanted.version)
    found = read(place, ABOUT, Made)
    if found is None and _has_scores(place):
        raise _untold(place, "no such file")
    if found is None or (found != wanted and not _has_scores(place)):
        return _as_the_others(root, wanted, others, shard_rows_given=shard_rows_given)
    if found.model != wanted.model or found.labels != wanted.labels:
        raise InputError(
            f"{place.address} must hold scores of the model that is version {wanted.version} here",
            found=f"those of another version {found.version} (model {found.model[:12]}, here {wanted.model[:12]})",
            do="Name another --output.",
        )
    if found.columns != wanted.columns or found.source != wanted.source:
        parts = ("source", "columns")
        name = next(part for part in parts if getattr(found, part) != getattr(wanted, part))
        raise InputError(
            f"{place.address} must be gone on with as it was begun: {name} {_shown(getattr(found, name))}",
            found=_shown(getattr(wanted, name)),
            do="Give the same options, or name another --output.",
        )
    if shard_rows_given and found.shard_rows != wanted.shard_rows:
        raise _other_shards(place, found.shard_rows, wanted.shard_rows)
    return found


def require_made_so(root: Place, made: Made, shards: Iterable[Shard]) -> None:
    """Raises: InputError when shards are cut otherwise: beside other ones, posts would be lost."""
    for shard in shards:
        whole = shard.last or shard.rows == made.shard_rows
        if shard.first != shard.index * made.shard_rows or shard.rows > made.shard_rows or not whole:
            there = f"rows {shard.first:,} to {shard.first + shard.rows:,} in {shard.path}"
            raise _untold(version_place(root, made.version), f"shards of {made.shard_rows:,}, and {there}")


def stables_before(state: State, version: int) -> list[int]:
    """Returns the versions that were stable before `version`, the last first; before one that never was: all."""
    stables = state.stables
    return list(reversed(stables[: stables.index(version)] if version in stables else stables))


def compared_with(state: State, version: int) -> list[int]:
    """Returns the versions that the scores of `version` may be compared with, the likeliest first."""
    others = [*stables_before(state, version), *reversed(state.stables), *sorted(state.versions, reverse=True)]
    return [one for one in dict.fromkeys(others) if one != version]


def begin(root: Place, made: Made) -> None:
    """Writes what the scores of a version are begun with, unless it stands there."""
    place = version_place(root, made.version)
    if read(place, ABOUT, Made) != made:
        for file in list(place.listed(ASIDE)):  # of a run that finished no shard
            if is_aside(file.name) or file.name == ASIDE_FILES:
                place.remove(file.name)
        write(place, ABOUT, made)


def _as_the_others(root: Place, wanted: Made, others: Iterable[int], *, shard_rows_given: bool) -> Made:
    """Returns `wanted` with shards like those of the other versions: scores with other ones cannot be compared."""
    for version in others:
        place = version_place(root, version)
        other = read(place, ABOUT, Made)
        if other is None or not _has_scores(place):
            continue
        if shard_rows_given and other.shard_rows != wanted.shard_rows:
            raise _other_shards(place, other.shard_rows, wanted.shard_rows)
        return msgspec.structs.replace(wanted, shard_rows=other.shard_rows)
    return wanted if shard_rows_given else msgspec.structs.replace(wanted, shard_rows=ROWS)


def _has_scores(place: Place) -> bool:
    return any(named(file.name) for file in place.listed(DATA))


def _untold(place: Place, found: str) -> InputError:
    must_hold = f"{place.address}/{ABOUT} must say what the scores beside it were begun with"
    return InputError(must_hold, found=found, do=DO[ABOUT])


def _other_shards(place: Place, rows: int, given: int) -> InputError:
    return InputError(
        f"the shards of {place.address} have {rows:,} rows",
        found=f"--shard-rows {given}",
        do="Leave --shard-rows out: versions whose scores are compared need shards of as many rows.",
    )


def _shown(value: object) -> str:
    if isinstance(value, Columns):
        return ", ".join(f"{part} {name}" for part, name in as_json(value).items() if name is not None)
    return str(value)
