"""Writes files that hold either the old content or the new, never half of it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from sentiment import disk, opened
from sentiment.beside import beside, made, remove_leftovers
from sentiment.errors import InputError


@contextmanager
def replacing(path: Path, mode: int = 0o666) -> Iterator[Path]:
    """Yields a temporary, empty file beside `path`; on success, syncs it and renames it over `path`.

    Its writer opens it by its name, so in a folder that strangers may write to use `rewriting`.
    """
    temporary = _made(path, mode)
    try:
        yield temporary
        sync_file(temporary)
        temporary.replace(path)
        sync_file(path.parent)
    except OSError as error:
        raise disk.named(error, path) from None
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


@contextmanager
def rewriting(path: Path) -> Iterator[BinaryIO]:
    """Yields a new, open file; on success it takes the place of `path`, in a folder that strangers may write to.

    `path` is absolute and has no link among its folders. Whatever somebody makes, swaps or links there meanwhile, only
    that folder's own files are written to. Raises: OSError when it is another folder by now, or cannot be written to.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    temporary = beside(path).name
    try:
        if Path(f"/proc/self/fd/{folder}").readlink() != path.parent:
            raise NotADirectoryError(errno.ENOTDIR, "a folder on the way is a link", str(path.parent))
        with os.fdopen(made(temporary, folder=folder), "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
    except OSError as error:
        raise disk.named(error, path) from None
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)
        os.close(folder)


@contextmanager
def prepared(path: Path, text: str) -> Iterator[Callable[[], None]]:
    """Writes `text` beside `path`, and yields what renames it over `path`: that needs no space any more."""
    temporary = _made(path)
    try:
        try:
            temporary.write_text(text, encoding="utf-8")
            sync_file(temporary)
        except OSError as error:
            raise disk.named(error, path) from None
        yield partial(_rename, temporary, path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yields a new, empty folder beside `path`; on success it replaces `path`, on failure nothing is left of it."""
    _require_ordinary(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary, replaced = beside(path), beside(path, "old")
    remove_leftovers(path)
    temporary.mkdir()
    try:
        yield temporary
        for item in (*temporary.rglob("*"), temporary):
            sync_file(item)
        if path.exists():
            path.rename(replaced)
        temporary.rename(path)
        sync_file(path.parent)
    except OSError as error:
        raise disk.named(error, path) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)


def _require_ordinary(path: Path) -> None:
    """Raises: InputError when a device, a pipe or a socket would go, as /dev/null would by a command of root's."""
    with suppress(OSError):  # none is there, or what follows says what is wrong
        kind = path.stat().st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
            raise InputError(
                "what is replaced must be an ordinary file or folder",
                found=f"a device, a pipe or a socket: {path}",
                do="Name another one.",
            )


def _made(path: Path, mode: int = 0o666) -> Path:
    _require_ordinary(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = beside(path)
    os.close(made(temporary, mode))
    return temporary


def _rename(temporary: Path, path: Path) -> None:
    temporary.replace(path)


def write_text(path: Path, text: str) -> None:
    """Replaces `path` with `text` (UTF-8)."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def json_text(value: Any, indent: int | None = None) -> str:
    """Returns `value` as JSON that is always UTF-8: half a character, as a file's name may hold one, becomes a `?`."""
    return json.dumps(value, ensure_ascii=False, indent=indent).encode("utf-8", "replace").decode()


def write_json(path: Path, value: Any) -> None:
    """Replaces `path` with `value` as indented UTF-8 JSON."""
    write_text(path, json_text(value, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any] | None:
    """Returns the JSON object in `path`, or None when there is no readable one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def sync_file(path: Path) -> None:
    """Flushes a file, or a folder's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """Holds `path` as a lock: a second process waits for the first. A dead process never holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with opened.for_a_lock(path) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
