"""Putting a version's files where they are served from: the whole folder appears at once, or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

from sentiment import atomic
from sentiment.errors import InputError
from sentiment.serving import version_folder
from sentiment.serving.state import State
from sentiment.settings import Settings


def free_number(settings: Settings, state: State, digest: str) -> int:
    """Returns the version number to use: after every number in the history and every folder there is.

    A folder that a crash left before its event was recorded holds the same digest, and is used as it is.
    """
    folder, number = settings.versions, state.next_number
    while (folder / str(number)).exists():
        if version_folder.origin(folder / str(number)).get("digest") == digest:
            break
        number += 1
    return number


def copy(source: Path, target: Path, origin: dict[str, str] | None = None, beside: Path | None = None) -> None:
    """Makes `target` a copy of `source`, under a temporary name until it is whole and on the disk.

    `origin` is written into it and says, by its digest, what must have been copied; `beside` is one more file for it.
    Raises: InputError when `source` changed meanwhile.
    """
    temporary = version_folder.temporary_name(target)
    shutil.rmtree(temporary, ignore_errors=True)
    if target.exists():
        version_folder.remove(target)
    shutil.copytree(source, temporary)
    if beside and beside.is_file():
        shutil.copy(beside, temporary)
    if origin:
        atomic.write_json(temporary / version_folder.ORIGIN, origin)
    for path in temporary.rglob("*"):
        atomic.sync_file(path)
    if origin and version_folder.digest_of(temporary) != origin["digest"]:
        raise InputError(
            "an export must stay as it is while it is copied", found=f"a change in {source}", do="Publish it again."
        )
    temporary.rename(target)
    atomic.sync_file(target.parent)


def require_space(settings: Settings, *folders: Path) -> None:
    """Raises: InputError when the disk has no room for copies of `folders`."""
    needed = sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())
    settings.versions.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.versions).free
    if free < needed * 1.1:
        raise InputError(
            f"publishing needs {needed / 1e6:.1f} MB and a tenth more on the disk of {settings.versions}",
            found=f"{free / 1e6:.1f} MB free",
            do="Free some space; nothing was copied.",
        )
