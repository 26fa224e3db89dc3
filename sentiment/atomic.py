"""Writes files that hold either the old content or the new, never half of it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from sentiment import disk


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`; on success, syncs it and renames it over `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
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
def prepared(path: Path, text: str) -> Iterator[Callable[[], None]]:
    """Writes `text` beside `path`, and yields what renames it over `path`: that needs no space any more."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
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
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary, replaced = (path.with_name(f".{path.name}.{os.getpid()}.{part}") for part in ("tmp", "old"))
    _remove_leftovers(path)
    temporary.mkdir()
    try:
        yield temporary
        for item in (*temporary.rglob("*"), temporary):
            sync_file(item)
        if path.exists():
            path.rename(replaced)
        temporary.rename(path)
        sync_file(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)


def _rename(temporary: Path, path: Path) -> None:
    temporary.replace(path)


def _remove_leftovers(path: Path) -> None:
    """Removes what processes left that were killed while they replaced the folder `path`."""
    for leftover in path.parent.glob(f".{path.name}.*"):
        number, _, part = leftover.name.removeprefix(f".{path.name}.").partition(".")
        if not number.isdigit() or part not in ("tmp", "old"):
            continue
        if int(number) == os.getpid() or not Path("/proc", number).exists():
            shutil.rmtree(leftover, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Replaces `path` with `text` (UTF-8)."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Replaces `path` with `value` as indented UTF-8 JSON."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any] | None:
    """Returns the JSON object in `path`, or None when there is no readable one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
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
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
