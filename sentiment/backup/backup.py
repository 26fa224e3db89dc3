"""`sentiment backup`: copies what a home cannot make again into a dated folder, and keeps the newest such folders.

The history is copied under the lock of changes, and before the ledger: a model in it never knows a delivery that the
ledger of the same backup lacks.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from sentiment import atomic, disk
from sentiment.backup import contents, copying
from sentiment.backup.folder import (
    FILES,
    FORMAT,
    LARGEST_MANIFEST,
    MANIFEST,
    is_a_homes,
    name_at,
    newest_first,
    remove,
    remove_half_made,
    to_remove,
)
from sentiment.beside import remove_half_written
from sentiment.data import ledger_file
from sentiment.errors import FROM_A_BACKUP, InputError, UnavailableError
from sentiment.language import marked, tr, tr_many
from sentiment.results import record
from sentiment.results.backup import Backup, KeptFile, Manifest
from sentiment.serving import version_folder
from sentiment.serving.change import user
from sentiment.serving.history import read_state
from sentiment.serving.lock import held
from sentiment.serving.state import State
from sentiment.settings import Settings, read_settings
from sentiment.step import step
from sentiment.text.aloud import tell
from sentiment.text.units import size

NOT_SET = marked("No backup is made: SENTIMENT_BACKUP_FOLDER names no folder.")
LOCK = ".sentiment-backup.lock"


def backup(settings: Settings, folder: Path, keep: int, with_models: bool, who: str = "") -> Backup:
    """Makes a backup of the home in `folder`, and removes this home's older ones so that `keep` stay.

    Raises: InputError when the folder is missing or in the home, when the ledger, the history or a model that is to be
    copied is damaged, or when nobody could restore it, for a file's name or their number; then there is no new backup,
    and every older one is still there; UnavailableError when the folder's disk is full.
    """
    _require_outside(settings, folder)
    with atomic.exclusive_lock(folder / LOCK):
        remove_half_made(folder)
        target = folder / name_at(datetime.now(UTC))
        with _with_room(folder), atomic.replacing_folder(target) as temporary:
            temporary.chmod(0o700)  # it holds every post, and the home's secret
            manifest = _filled(settings, temporary, with_models, who or user())
            record.write(temporary / MANIFEST, manifest)
            _require_readable(settings, temporary, len(manifest.files))
        going = to_remove(target, list(newest_first(folder)), keep)
        for old in going:
            remove(old)
    total = sum(file.bytes for file in manifest.files)
    return Backup(
        folder=str(target),
        not_set=False,
        files=len(manifest.files),
        bytes=total,
        removed=[old.name for old in going],
        sentence=_told(target, len(manifest.files), total, len(going)),
    )


def _told(target: Path, files: int, total: int, removed: int) -> str:
    held = tr_many("{number:,} file", "{number:,} files", files)
    if not removed:
        return tr("{folder} holds {files}, {size}.", folder=target, files=held, size=size(total))
    return tr(
        "{folder} holds {files}, {size}; {older} removed.",
        folder=target,
        files=held,
        size=size(total),
        older=tr_many("{number:,} older backup", "{number:,} older backups", removed),
    )


@contextmanager
def _with_room(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if disk.is_full(error) and str(error.filename).startswith(str(folder)):
            raise UnavailableError(
                f"the disk of {folder} must have room for a backup",
                found=f"{size(disk.free(folder))} free",
                do="Remove older backups there, keep fewer, or give another folder.",
            ) from error
        raise


def _filled(settings: Settings, target: Path, with_models: bool, who: str) -> Manifest:
    """Copies everything; returns what was copied."""
    (target / FILES).mkdir()
    with held(settings.serving / "history.lock", who):
        state, home = read_state(settings), _home_id(settings)
        files = _copies(settings, target, list(contents.serving_files(settings)))
    files += _copies(settings, target, list(contents.other_files(settings)))
    if with_models:
        files += _copies(settings, target, list(contents.model_files(settings, state)))
        _require_whole_models(settings, target, state)
    deliveries = 0
    if ledger_file.is_there(settings.posts_database):
        name = settings.posts_database.relative_to(settings.home)
        files.append(copying.ledger_copied(settings.posts_database, target / FILES / name, str(name)))
        deliveries = ledger_file.newest_delivery(target / FILES / name)
    return Manifest(
        format=FORMAT,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        home=str(settings.home),
        home_id=home,
        models=with_models,
        events=state.tip.number,
        deliveries=deliveries,
        files=files,
    )


def _copies(settings: Settings, target: Path, paths: list[Path]) -> list[KeptFile]:
    names = [str(path.relative_to(settings.home)) for path in paths]
    if odd := next((name for name in names if not is_a_homes(name)), None):
        raise InputError(
            f"every file of {settings.home} must have a name with which it can be put back",
            found=f"{odd!a:.200}",
            do="Give it another name, in UTF-8, or move it away.",
        )
    copies = (copying.copied(settings.home / name, target / FILES / name, name) for name in names)
    return [copy for copy in copies if copy]


def _require_readable(settings: Settings, made: Path, files: int) -> None:
    """Raises: InputError when nobody could read what the backup says of itself."""
    if (made / MANIFEST).stat().st_size > LARGEST_MANIFEST:
        raise InputError(
            "a backup must not have too many files to be restored",
            found=f"{files:,} in {settings.home}",
            do=f"Move old files of {settings.quarantine} and old folders of {settings.runs} away.",
        )


def _home_id(settings: Settings) -> str:
    path = contents.home_id_file(settings)
    if not path.is_file():
        remove_half_written(path)
        atomic.write_text(path, f"{uuid.uuid4().hex}\n")
    return path.read_text(encoding="utf-8", errors="replace").strip("\0\n ")  # as `restore` reads it


def _require_whole_models(settings: Settings, target: Path, state: State) -> None:
    """Raises: InputError unless every version is in the backup as it was published."""
    for number in contents.versions_to_keep(state):
        copy = target / FILES / settings.versions.relative_to(settings.home) / str(number)
        known = state.versions[number].digest
        if not copy.is_dir() or (known and version_folder.digest_of(copy) != known):
            raise InputError(
                f"version {number} must be as it was published to be backed up with its model",
                found=f"{'a change in' if copy.is_dir() else 'no folder'} {settings.versions / str(number)}",
                do=f"{FROM_A_BACKUP} Until then, back up without models.",
            )


def _require_outside(settings: Settings, folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(
            "the folder for backups must exist",
            found=f"no folder {folder}",
            do="Make it, or connect the disk that it is on.",
        )
    if folder.resolve().is_relative_to(settings.home.resolve()):
        raise InputError(
            "backups must be outside of SENTIMENT_HOME, best on another disk",
            found=f"{folder} in {settings.home}",
            do="Give another folder.",
        )


@click.command("backup")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(min=1), help="How many stay; default: SENTIMENT_BACKUP_KEEP.")
@click.option(
    "--with-models/--without-models",
    default=None,
    help="Also the served models, so that a restored home can serve at once; default: SENTIMENT_BACKUP_MODELS.",
)
@click.option("--if-set", is_flag=True, help="Without a folder, do nothing: for a schedule.")
@step
def command(folder: Path | None, keep: int | None, with_models: bool | None, if_set: bool) -> Backup:
    """Copy what cannot be made again into a dated folder of FOLDER (default: SENTIMENT_BACKUP_FOLDER), and check it.

    Puts nothing back: that is `sentiment restore`.
    """
    settings = read_settings()
    chosen = folder or settings.backup_place
    if chosen is None and if_set:
        tell(NOT_SET)
        return Backup(folder=None, not_set=True, files=0, bytes=0, removed=[], sentence=NOT_SET)
    if chosen is None:
        raise InputError("a backup must have a folder", found="none", do="Give one, or set SENTIMENT_BACKUP_FOLDER.")
    models = settings.backup_models == "served" if with_models is None else with_models
    made = backup(settings, chosen, keep or settings.backup_keep, models)
    tell(made.sentence)
    return made
