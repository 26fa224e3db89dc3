"""What a place of scores holds: a folder for each version, and `current.json`, which names the one to read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from sentiment import atomic
from sentiment.errors import InputError
from sentiment.results.record import Record, as_json, decoded
from sentiment.results.scoring import CURRENT, Current, folder_of
from sentiment.scoring.columns import Columns
from sentiment.scoring.places import FolderPlace, Place, place_of
from sentiment.scoring.shards import ASIDE, DATA
from sentiment.text.harmless import LONGEST_FILE_NAME, visible

ABOUT, OURS = "version.json", "scores.json"
# Without it, nobody knows what the files beside it are.
DO = {ABOUT: "Restore it, or remove the folder that it is in: all posts are scored anew then."}
UNLINK = "Move what it leads to here, or name another --output, which may be a link itself."
R = TypeVar("R", bound=msgspec.Struct)


class Made(Record, frozen=True, kw_only=True):
    """`version.json`: what made the scores of a version's folder. All of its runs must agree with it."""

    version: int
    model: str  # the digest of the model
    labels: list[str]
    columns: Columns
    shard_rows: int
    source: str
    home: str = ""


def version_place(root: Place, version: int) -> Place:
    """Raises: InputError when a folder of the version is a link: files that are none of ours would be removed there."""
    place = f"{root.address.rstrip('/')}/{folder_of(version)}"
    if isinstance(root, FolderPlace):
        for folder in (place, f"{place}/{DATA}", f"{place}/{ASIDE}"):
            if Path(folder).is_symlink():
                raise InputError(f"{folder} must be a folder", found="a link", do=UNLINK)
    return place_of(place)


def read(place: Place, name: str, kind: type[R]) -> R | None:
    """Returns a small JSON file of ours. Raises: InputError when it is not one."""
    content = place.read(name)
    if content is None:
        return None
    where, do = f"{place.address.rstrip('/')}/{name}", DO.get(name, "Restore or remove it.")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} must be JSON", found=str(error), do=do) from None
    return decoded(found, kind, where, do)


def write(place: Place, name: str, value: msgspec.Struct) -> None:
    place.write(name, (atomic.json_text(as_json(value), indent=2) + "\n").encode())


def require_ours(root: Place) -> None:
    """Marks a new place of scores. Raises: InputError when something else is there."""
    if root.read(OURS) is not None:
        return
    other = next(iter(root.listed()), None)
    if other is not None:
        raise InputError(
            "the scores must go to a new folder, or to one that `sentiment score` made",
            found=f"{visible(other.name, LONGEST_FILE_NAME)} in {root.address}",
            do="Name another --output.",
        )
    root.write(OURS, b'{"format": 1}\n')


def point(root: Place, version: int, rows: int, complete: bool) -> Current:
    """Makes a version's scores those to read, at once."""
    current = Current(
        version=version,
        folder=folder_of(version),
        ledger=f"{folder_of(version)}/ledger.jsonl",
        rows=rows,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        complete=complete,
    )
    write(root, CURRENT, current)
    return current
