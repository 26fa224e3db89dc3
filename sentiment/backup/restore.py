"""`sentiment restore`: puts the files of a backup where the home's own are damaged or gone; keeps those aside.

What is sound in the home stays, since it is newer. Everything in the backup is checked before anything is changed, and
a restore that was killed can be given again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from sentiment import atomic
from sentiment.backup import contents, copying, damage
from sentiment.backup.folder import ANOTHER, FILES, REPLACED, manifest_of, require_whole
from sentiment.backup.numbers import go_on_after_the_lost
from sentiment.beside import remove_half_written
from sentiment.data import ledger_file
from sentiment.digests import sha256_of
from sentiment.errors import InputError
from sentiment.language import marked, tr, tr_many
from sentiment.results.backup import KeptFile, Manifest, Restored
from sentiment.serving import history_copy
from sentiment.serving.change import changing, user
from sentiment.serving.history import fault
from sentiment.serving.lock import held
from sentiment.settings import Settings, read_settings
from sentiment.step import say, step
from sentiment.text.aloud import tell

FORGOTTEN = marked("Texts that were forgotten after the backup was made are in the ledger again: forget them again.")


class Restoring:
    """One restore: the backup, the home, and what has been done so far."""

    def __init__(self, path: Path, manifest: Manifest, settings: Settings) -> None:
        self.restored: list[str] = []
        self.stays: list[str] = []
        self.aside: Path | None = None
        self._files, self._manifest, self._settings = path / FILES, manifest, settings
        self._new_name = settings.home / f"{REPLACED}{datetime.now(UTC):%Y-%m-%dT%H%M%S.%fZ}"

    def restore_all(self) -> None:
        """Puts back whatever is damaged. Hold the locks."""
        home, by_name = self._settings.home, {file.path: file for file in self._manifest.files}
        ledger = str(self._settings.posts_database.relative_to(home))
        history = [str(path.relative_to(home)) for path in contents.history_files(self._settings)]
        if ledger in by_name:
            self._restore_ledger(by_name.pop(ledger))
        self._restore_history({name: by_name.pop(name, None) for name in history})
        for file in by_name.values():
            if why := damage.of_file(home / file.path, file):
                self._put_back(file, why)
            elif (home / file.path).stat().st_size != file.bytes or sha256_of(home / file.path) != file.sha256:
                self.stays.append(file.path)

    def _restore_ledger(self, file: KeptFile) -> None:
        path, why = self._settings.posts_database, damage.of_ledger(self._settings, self._manifest)
        if why:  # a log of the damaged ledger must never be played into the sound one
            for name in ("-wal", "-shm", "-journal"):
                self._put_aside(path.with_name(path.name + name))
            self._put_back(file, why)

    def _restore_history(self, files: Mapping[str, KeptFile | None]) -> None:
        """Restores all of them or none: the servers meet no moment without models.config."""
        home, copy = self._settings.home, self._files / self._settings.history.relative_to(self._settings.home)
        why = damage.of_history(self._settings, copy, self._manifest)
        for name, file in files.items() if why else ():
            if file:
                self._put_back(file, why)
            else:
                self._put_aside(home / name)

    def _put_back(self, file: KeptFile, why: str) -> None:
        target = self._settings.home / file.path
        remove_half_written(target)  # it may be a copy of every post
        with atomic.replacing(target) as temporary:
            if copying.copy(self._files / file.path, temporary) != file.sha256:
                raise InputError("a backup must not change meanwhile", found=f"a changed {file.path}", do=ANOTHER)
            self._put_aside(target)
        self.restored.append(file.path)
        tell(tr("{file} is restored; found {error}", file=file.path, error=why))

    def _put_aside(self, path: Path) -> None:
        if not path.exists() and not path.is_symlink():
            return
        self.aside = self._new_name
        kept = self.aside / path.relative_to(self._settings.home)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, kept)


def restore(path: Path, settings: Settings, who: str) -> Restored:
    """Puts back what is damaged or gone, from the backup `path`.

    Raises: InputError when the backup is damaged, or of another home; then nothing has changed.
    """
    manifest = manifest_of(path)
    _require_same_home(path, manifest, settings)
    require_whole(path, manifest)
    _mend_from_the_copy(settings, who)
    restoring = Restoring(path, manifest, settings)
    ledger = settings.posts_database
    with held(settings.serving / "history.lock", who), atomic.exclusive_lock(ledger_file.lock_of(ledger)):
        restoring.restore_all()
    has_old_posts = str(ledger.relative_to(settings.home)) in restoring.restored
    if has_old_posts:
        go_on_after_the_lost(settings, path.name)
    _render(settings, who)
    return Restored(
        restored=restoring.restored,
        stays=restoring.stays,
        aside=str(restoring.aside) if restoring.aside else None,
        sentence=" ".join(_told(path, manifest, restoring, has_old_posts)),
    )


def _require_same_home(path: Path, manifest: Manifest, settings: Settings) -> None:
    file = contents.home_id_file(settings)
    mine = file.read_text(encoding="utf-8", errors="replace").strip("\0\n ") if file.is_file() else ""
    if mine and mine != manifest.home_id:
        raise InputError(
            f"{path} must be a backup of {settings.home}",
            found=f"one of another home, which was at {manifest.home}",
            do=f"{ANOTHER} To make this home that one, restore into an empty folder.",
        )


def _mend_from_the_copy(settings: Settings, who: str) -> None:
    """Prefers the history's own copy, which knows the last event, to the backup's history."""
    if fault(settings):
        try:
            tell(history_copy.restore(settings, who))
        except InputError as error:
            say(f"the history's copy is no help: {error.must_hold}; found {error.found}")


def _render(settings: Settings, who: str) -> None:
    """Writes models.config for this home, which may be at another path than the backup's was."""
    try:
        with changing(settings, who):
            pass
    except InputError as error:
        say(str(error))


def _told(path: Path, manifest: Manifest, restoring: Restoring, has_old_posts: bool) -> Iterator[str]:
    if not restoring.restored:
        yield tr("Nothing is damaged or gone: nothing was restored.")
    else:
        many = len(restoring.restored)
        yield tr_many(
            "{number:,} file restored from {backup}.",
            "{number:,} files restored from {backup}.",
            many,
            backup=path.name,
        )
    if restoring.aside:
        yield tr("What was in their place is kept in {folder}.", folder=restoring.aside)
    if restoring.stays:
        yield tr_many(
            "{number:,} file that changed since the backup stay as they are.",
            "{number:,} files that changed since the backup stay as they are.",
            len(restoring.stays),
        )
    if has_old_posts:
        yield tr("The ledger is that of {made_at}.", made_at=manifest.made_at)
        yield tr(FORGOTTEN)


@click.command("restore")
@click.argument("backup", type=click.Path(path_type=Path))
@click.option("--who", help="Who restores it; default: the current user.")
@step
def command(backup: Path, who: str | None) -> Restored:
    """Put the files of BACKUP where the home's own are damaged or gone; what is sound stays.

    BACKUP is a folder that `sentiment backup` made. Nothing is deleted: what is replaced is kept in the home's folder
    `replaced-…`. To take one more file from the backup, move the home's own away and give the command again.
    """
    done = restore(backup, read_settings(), who or user())
    tell(done.sentence)
    return done
