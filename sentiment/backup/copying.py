"""Copies files and the ledger into a backup, with the digests by which they are known again."""

from __future__ import annotations

import errno
import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

from sentiment import disk
from sentiment.data import ledger_file
from sentiment.digests import BLOCK, sha256_of
from sentiment.errors import FROM_A_BACKUP, InputError, UnavailableError
from sentiment.results.backup import KeptFile


def copied(source: Path, target: Path, name: str) -> KeptFile | None:
    """Copies a file and reads the copy back; None when the file is gone by now.

    Raises: OSError, which names the target when its disk is full; UnavailableError when the copy reads otherwise.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        digest = copy(source, target)
    except FileNotFoundError:
        return None
    return _read_back(target, name, digest)


def copy(source: Path, target: Path) -> str:
    """Copies a file's content; returns the sha256 of what was read. Raises: OSError, which names the target."""
    digest = hashlib.sha256()
    with source.open("rb") as content:
        try:
            with target.open("wb") as handle:
                while piece := content.read(BLOCK):
                    digest.update(piece)
                    handle.write(piece)
        except OSError as error:
            raise disk.named(error, target) from None
    return digest.hexdigest()


def ledger_copied(source: Path, target: Path, name: str) -> KeptFile:
    """Copies a ledger as it stands at one moment, whoever writes to it meanwhile, and checks every page of the copy.

    A ledger of an older format is copied as it is. Raises: InputError when it is damaged;
    OSError when there is no room for the copy.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    live = f"{source.absolute().as_uri()}?mode=rw"
    with (
        ledger_file.told(source),
        closing(sqlite3.connect(live, uri=True)) as ledger,
        closing(sqlite3.connect(target)) as backup,
    ):
        try:
            ledger.backup(backup)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:  # the only thing that is the copy's, not the ledger's
                raise OSError(errno.ENOSPC, str(error), str(target)) from error
            raise
    if problem := ledger_file.problem(target):
        raise InputError(f"the ledger {source} must be whole", found=f"damage ({problem})", do=FROM_A_BACKUP)
    return _read_back(target, name, sha256_of(target))


def _read_back(target: Path, name: str, digest: str) -> KeptFile:
    if sha256_of(target) != digest:
        raise UnavailableError(
            f"a copy must read as it was written, {target}", found="other bytes", do="Look at that disk."
        )
    return KeptFile(path=name, bytes=target.stat().st_size, sha256=digest)
