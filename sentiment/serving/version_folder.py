"""The folder of one served version: measures, checks, copies and removes it."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from sentiment import atomic
from sentiment.digests import sha256_of
from sentiment.errors import InputError
from sentiment.language import tr
from sentiment.results import record
from sentiment.results.serving import Origin
from sentiment.serving import version_folder
from sentiment.serving.state import State, Version
from sentiment.settings import Settings

ORIGIN = Path("assets.extra") / "origin.json"  # distinguishes a folder that a crash left from somebody else's


def size_of(folder: Path) -> int:
    """Returns the bytes of everything that is served from `folder`."""
    return sum(file.stat().st_size for file in _files(folder))


def digest_of(folder: Path) -> str:
    """Returns a digest of every name and byte that is served from `folder`."""
    hashed = hashlib.sha256()
    for file in sorted(_files(folder)):
        hashed.update(os.fsencode(f"{file.relative_to(folder)}\n"))
        hashed.update(bytes.fromhex(sha256_of(file)))
    return hashed.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder) != ORIGIN)


def require_plain(folder: Path) -> None:
    """Raises: InputError when `folder` has a link, a pipe or a name in other characters.

    A digest passes over them, and a copy would follow them to anywhere on this machine.
    """
    for path in folder.rglob("*"):
        is_plain = not path.is_symlink() and (path.is_file() or path.is_dir())
        if not is_plain or not str(path.relative_to(folder)).isprintable():
            raise InputError(
                "an export and its model folder must hold files and folders alone, with plain names",
                found=f"{str(path)!a:.300}",
                do="Find out how it came there; remove it, or copy the folder with `cp -rL` and publish the copy.",
            )


def origin(folder: Path) -> Origin:
    """Returns where a version's folder came from; an empty origin when this system did not make it."""
    try:
        return record.read(folder / ORIGIN, Origin, "")
    except InputError:
        return Origin()


def problem(settings: Settings, version: Version) -> str:
    """Returns what is wrong with a version's folder, or "". Only `change_in` reads every byte."""
    folder = settings.versions / str(version.number)
    if not folder.is_dir():
        return tr("no folder {folder}", folder=folder)
    needed = ("saved_model.pb", "variables", *(() if version.size else ("variables/variables.index",)))
    for name in needed:
        if not (folder / name).exists():
            return tr("no {name} in {folder}", name=name, folder=folder)
    size = size_of(folder)
    if version.size and size != version.size:
        return tr(
            "{size:,} bytes in {folder} instead of {published:,}", size=size, folder=folder, published=version.size
        )
    return ""


def require_whole(settings: Settings, version: Version) -> None:
    """Raises: InputError when the folder is missing or its size has changed."""
    _refuse_if(problem(settings, version), version)


def require_unchanged(settings: Settings, version: Version) -> None:
    """Raises: InputError when any byte of the folder differs from what was published."""
    _refuse_if(change_in(settings, version), version)


def change_in(settings: Settings, version: Version) -> str:
    """Returns how the folder differs from what was published, or ""; reads every byte."""
    folder = settings.versions / str(version.number)
    trouble = problem(settings, version)
    if not trouble and version.digest and digest_of(folder) != version.digest:
        trouble = tr("changed content in {folder}", folder=folder)
    return trouble


def _refuse_if(trouble: str, version: Version) -> None:
    if trouble:
        raise InputError(
            f"the files of version {version.number} must be as they were published",
            found=trouble,
            do="Restore that folder from a backup, or publish the model again; what is served has not changed.",
        )


def remove(folder: Path) -> None:
    """Removes a version's folder: hides it from the servers at once, then deletes its files.

    Raises: OSError when a part of it cannot be removed.
    """
    hidden = temporary_name(folder)
    if hidden.exists():
        shutil.rmtree(hidden)
    folder.rename(hidden)
    shutil.rmtree(hidden)


def temporary_name(folder: Path) -> Path:
    """Returns the name beside `folder` under which it is built and removed; servers ignore that name."""
    return folder.with_name(f".{folder.name}.tmp")


def free_number(settings: Settings, state: State, digest: str) -> int:
    """Returns the next version number: higher than every number in the history and than every folder's.

    A folder that a crash left before its event was recorded is of the same digest, and makes room.
    """
    folder, number = settings.versions, state.next_number
    while (folder / str(number)).exists():
        if version_folder.origin(folder / str(number)).digest == digest:
            break
        number += 1
    return number


def copy(source: Path, target: Path, origin: Origin | None = None, beside: Path | None = None) -> None:
    """Copies `source` to `target`, under a temporary name until the copy is complete and on the disk.

    `origin` is written into the copy; its digest says what must have been copied. `beside` is one more file to copy.
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
        record.write(temporary / version_folder.ORIGIN, origin)
    for path in temporary.rglob("*"):
        atomic.sync_file(path)
    if origin and version_folder.digest_of(temporary) != origin.digest:
        raise InputError(
            "an export must not change while it is copied", found=f"a change in {source}", do="Publish it again."
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
