"""The ledger's file: made whole or not at all, and never taken for a new one where there was one before.

What SQLite says of a damaged or unreadable file becomes one line that names the file.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sentiment import atomic, disk
from sentiment.data.ledger_parts import damaged
from sentiment.data.ledger_schema import VERSION, fault_of_parts, set_up
from sentiment.errors import FROM_A_BACKUP, InputError, SentimentError
from sentiment.serving import ledger_values

MADE = "A ledger was made here.\n"  # in the lock's file, from the moment at which there is a ledger
FIRST_TIME = f"{FROM_A_BACKUP} Only where no post was ever taken in, delete it"
DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})
NOT_OURS = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH})
UNREADABLE_TEXT = "Could not decode"  # what Python's module says of a damaged text; it gives no code
PAGE_BYTES = 8_192  # of a new ledger; an older one keeps what it has
PRIMARY = 0xFF  # the bits of an error's code that say its kind


def lock_of(path: Path) -> Path:
    """Returns the file that openers lock; it outlives the ledger, and says whether there was one."""
    return path.with_name(f"{path.name}.lock")


def require_or_make(path: Path) -> None:
    """Makes a new ledger where there was none. Hold the lock. Raises: as `is_there` does."""
    if not is_there(path):
        with (
            atomic.replacing(path, mode=0o644) as temporary,  # as SQLite makes its own
            closing(sqlite3.connect(temporary, isolation_level=None)) as new,
        ):
            new.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            new.execute("PRAGMA journal_mode = MEMORY")  # a half-made one is thrown away
            set_up(path, new)
    _mark(lock_of(path))


def is_there(path: Path) -> bool:
    """Tells whether there is a ledger; False where none was ever made.

    Raises: InputError when there was one and it is gone, or when its file is empty.
    """
    lock = lock_of(path)
    if not path.exists():
        if lock.is_file() and lock.stat().st_size:
            raise InputError(
                f"the ledger {path} must be there, since one was made",
                found="no file",
                do=f"{FIRST_TIME} {lock} for a new one.",
            )
        return False
    if path.is_file() and not path.stat().st_size:
        # A new one gets its name when it is complete, so this was one.
        raise InputError(f"the ledger {path} must not be empty", found="0 bytes", do=f"{FIRST_TIME}.")
    return True


def _mark(lock: Path) -> None:
    if lock.stat().st_size:
        return
    try:
        lock.write_text(MADE, encoding="utf-8")
    except OSError as error:  # a full disk must not keep anybody from reading the ledger
        if not disk.is_about_the_disk(error):
            raise


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turns what SQLite finds wrong with the ledger's file, also in the middle of a query, into one line about it.

    Raises: InputError; OSError when the disk is full, UnavailableError when it fails.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        if _is_full(error, path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        if refusal := refusal_of(error, path):
            raise refusal from error
        raise


def refusal_of(error: sqlite3.DatabaseError, path: Path) -> SentimentError | None:
    """Returns the line; None when the error is not about the file."""
    code = _code(error)
    if is_damage(error):
        return damaged(path, str(error))
    if code == sqlite3.SQLITE_IOERR:
        return disk.told(str(error), path, full=False)
    if code in NOT_OURS:
        return InputError(
            f"the ledger {path} must be a file that this user may read and write, in such a folder",
            found=str(error),
            do="Correct its owner or its permissions.",
        )
    return None


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Tells whether the error says that the file is damaged."""
    code = _code(error)
    return code in DAMAGED or (not code and str(error).startswith(UNREADABLE_TEXT))


def _code(error: sqlite3.DatabaseError) -> int:
    return getattr(error, "sqlite_errorcode", 0) & PRIMARY  # errors of the module itself have none


def _is_full(error: sqlite3.DatabaseError, path: Path) -> bool:
    fails = _code(error) == sqlite3.SQLITE_IOERR  # what a full disk is, too, where SQLite maps the file
    return _code(error) == sqlite3.SQLITE_FULL or (fails and disk.free(path) < disk.ROOM)


def problem(path: Path, *, in_use: bool = False) -> str:
    """Returns what is wrong with a ledger's file; "" for a sound one. It reads the whole file: minutes for ten million
    posts.

    `in_use`, somebody may write to it, and all its values are looked at; else no file is made beside it.
    """
    if not path.is_file():
        return "no file"
    if not path.stat().st_size:
        return "0 bytes"
    try:
        with closing(asked(path, in_use)) as connection:
            found = ledger_values.of_check(connection, "integrity_check(1)") or fault_of_format(connection)
            return found or (ledger_values.fault_of_all(connection) if in_use else "")
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # the second where SQLite quotes damage
        return str(error)


def fault_of_format(connection: sqlite3.Connection) -> str:
    """Returns why nobody could open a ledger of any format whose pages are whole; "" when one can."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    fault = (fault_of_parts(connection) if version else "") or ledger_values.fault_of_small(connection)
    return fault or (ledger_values.fault_of_about(connection) if version == VERSION else "")


def largest_label(path: Path) -> int:
    """Returns the largest label of the posts in a sound ledger that may be in use; -1 when it has none."""
    with closing(asked(path, in_use=True)) as connection:
        return int(connection.execute("SELECT COALESCE(MAX(label), -1) FROM posts").fetchone()[0])


def newest_delivery(path: Path, *, in_use: bool = False) -> int:
    """Returns the number of the newest delivery of a sound ledger of any format, 0 when there is none."""
    with closing(asked(path, in_use)) as connection:
        return int(connection.execute("SELECT COALESCE(MAX(number), 0) FROM deliveries").fetchone()[0])


def glance(path: Path) -> sqlite3.Connection:
    """Returns a connection that only reads, waits for nobody, and makes no file.

    While nobody has the ledger open there is no write-ahead log, and SQLite would make one even to read.
    """
    how = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=0)


def asked(path: Path, in_use: bool) -> sqlite3.Connection:
    """Returns a connection to a file of which it is not known whether it is a sound ledger."""
    how = "mode=rw" if in_use else "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)
