"""The one lock around changes of what is served. A process that waits says who holds the lock, and since when."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from sentiment.language import tr
from sentiment.step import say


@contextmanager
def held(path: Path, who: str) -> Iterator[None]:
    """Holds `path` as a lock. The kernel releases it when the process ends, so a dead process never holds it.

    The file names the holder; its content means nothing while nobody holds the lock.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say_who_holds_it(path)
            fcntl.flock(handle, fcntl.LOCK_EX)
        with _signed(handle.fileno(), who):
            yield


@contextmanager
def held_if_free(path: Path, who: str) -> Iterator[bool]:
    """Holds `path` as a lock and yields True; yields False at once while another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        with _signed(handle.fileno(), who):
            yield True


@contextmanager
def _signed(descriptor: int, who: str) -> Iterator[None]:
    _write(descriptor, json.dumps(_holder(who), ensure_ascii=False))
    try:
        yield
    finally:
        _write(descriptor, "")


def _holder(who: str) -> dict[str, str | int]:
    return {
        "who": who,
        "verb": sys.argv[1] if Path(sys.argv[0]).stem in ("sentiment", "cli") and len(sys.argv) > 1 else "",
        "process": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    with suppress(OSError):  # a full disk: the file only names the holder, the kernel knows it
        os.write(descriptor, text.encode())


def _say_who_holds_it(path: Path) -> None:
    say(f"waiting for {told(path.read_text(encoding='utf-8', errors='replace'))} …")


def told(text: str) -> str:
    """Returns who holds the lock, according to the text of its file."""
    try:
        holder = json.loads(text)
        since = f"{datetime.fromisoformat(holder['since']).astimezone():%H:%M:%S}"
        known = {"who": holder["who"], "process": holder["process"], "host": holder["host"], "since": since}
        if verb := holder["verb"]:
            return tr("{who} (`sentiment {name}`, process {process} on {host}, since {since})", name=verb, **known)
        return tr("{who} (process {process} on {host}, since {since})", **known)
    except (ValueError, KeyError, TypeError):  # somebody is writing it at this moment
        return tr("another change to what is served")


def holder_of(path: Path) -> str:
    """Returns who holds the lock now, or "" when nobody does."""
    try:
        with path.open(encoding="utf-8", errors="replace") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return told(handle.read())
    except FileNotFoundError:
        pass
    return ""
