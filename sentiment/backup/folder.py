"""The folder of backups: their names, whose they are, which of them have to go. What is no backup is not touched."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from sentiment.beside import MARK, beside
from sentiment.digests import sha256_of
from sentiment.errors import InputError
from sentiment.results import record
from sentiment.results.backup import Manifest

FORMAT = 1
NAME = re.compile(r"sentiment-backup-\d{4}-\d\d-\d\dT\d{6}\.\d{6}Z")
HALF_MADE = re.compile(rf"\.{NAME.pattern}\.{MARK}")
REPLACED = "replaced-"  # what a restore replaced, in the home
LONGEST_NAME = 255  # bytes, of one part of a path
SIDE_FILES = ("-wal", "-shm", "-journal", ".lock")  # of a database or a history
MANIFEST, FILES = "manifest.json", "files"
LARGEST_MANIFEST = 512 << 20  # bytes: a line a file, of which the years and the quarantine make many
PLACES = frozenset({"datasets", "encoders", "runs", "serving"})  # of a home; nothing of a backup goes elsewhere
ANOTHER = "Give another backup; one that is damaged stays where it is."


class Found(NamedTuple):
    """A backup, with what it says of itself."""

    path: Path
    manifest: Manifest


def name_at(moment: datetime) -> str:
    """Returns the name of a backup that is made at that moment (UTC); names are in the order of time."""
    return f"sentiment-backup-{moment.astimezone(UTC):%Y-%m-%dT%H%M%S.%fZ}"


def newest_first(folder: Path) -> Iterator[Found]:
    """Yields the backups in a folder; whatever else is there is left out."""
    for path in sorted(folder.iterdir(), reverse=True):
        if NAME.fullmatch(path.name) and not path.is_symlink() and (path / MANIFEST).is_file():
            try:
                yield Found(path, manifest_of(path))
            except InputError:
                continue  # of another format, or damaged: it is not ours to judge


def manifest_of(path: Path) -> Manifest:
    """Returns what a backup says of itself. Raises: InputError when it is none, or of a newer format."""
    found = record.read(path / MANIFEST, Manifest, ANOTHER, largest=LARGEST_MANIFEST)
    if found.format != FORMAT:
        raise InputError(
            f"a backup must be of format {FORMAT}", found=f"format {found.format} in {path}", do="Use a newer version."
        )
    return found


def to_remove(made: Path, found: Sequence[Found], keep: int) -> list[Path]:
    """Returns which backups of the home of `made` go, so that `keep` stay; `made` always stays.

    Backups of a home with another id, or of a copy of this home in another place, are not counted and not removed.
    """
    own = next(item.manifest for item in found if item.path == made)
    others = [
        item.path
        for item in found
        if item.path != made and (item.manifest.home_id, item.manifest.home) == (own.home_id, own.home)
    ]
    return sorted(others, key=lambda path: path.name, reverse=True)[keep - 1 :]


def remove(path: Path) -> None:
    """Removes a backup: it loses its name first, so that no half of it is ever taken for a backup."""
    hidden = beside(path, "old")
    path.rename(hidden)
    shutil.rmtree(hidden)


def remove_half_made(folder: Path) -> None:
    """Removes what killed commands left. Hold the folder's lock: then none of them has an owner."""
    for path in folder.iterdir():
        if HALF_MADE.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)


def is_a_homes(name: str) -> bool:
    """Tells whether a backup may put a file there: not beside the ledger what SQLite would play into it, nor a lock.

    A name that is not UTF-8 cannot stand in a manifest.
    """
    if "\0" in name or any("\ud800" <= one <= "\udfff" for one in name):
        return False
    inside = PurePosixPath(name)
    if inside.is_absolute() or ".." in inside.parts or not PLACES.intersection(inside.parts[:1]):
        return False
    short = all(len(part.encode()) <= LONGEST_NAME for part in inside.parts)
    return short and not (len(inside.parts) == 2 and inside.name.endswith(SIDE_FILES))


def require_whole(path: Path, manifest: Manifest) -> None:
    """Raises: InputError when a file of the backup is missing, changed, or would be put outside the home."""
    whole = (path / FILES).resolve()
    for item in manifest.files:
        if not is_a_homes(item.path):
            raise InputError(f"the files of {path} must be a home's", found=f"{item.path!a:.200}", do=ANOTHER)
        inside = PurePosixPath(item.path)
        file = path / FILES / inside
        if file.resolve() != whole / inside or not file.is_file():  # no link, on the way to it neither
            raise InputError(f"{path} must have all its files", found=f"no file {item.path}", do=ANOTHER)
        if file.stat().st_size != item.bytes or sha256_of(file) != item.sha256:
            raise InputError(f"the files of {path} must be as they were", found=f"a changed {item.path}", do=ANOTHER)
