"""What fails with one file ends with that file: why it is left for the next ingest, and what concerns all files."""

from __future__ import annotations

import sqlite3
import traceback
from pathlib import Path

from sentiment.data.formats.child import ReaderFailed
from sentiment.errors import InputError

# The ledger cannot be used: that is so for every file. Errors about a single value are not among them.
_OF_A_VALUE = (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError)


def concerns_all(error: Exception) -> bool:
    """Tells whether the source or the ledger failed, and not one file."""
    return isinstance(error, InputError) or (isinstance(error, sqlite3.Error) and not isinstance(error, _OF_A_VALUE))


def is_unexpected(error: Exception) -> bool:
    """Tells whether no file, and no machine, is known to fail so: it is a defect, or the ledger is damaged."""
    return not isinstance(error, ReaderFailed | MemoryError | RecursionError | OSError)


def why_left(error: Exception) -> str:
    """Returns in one line why a file could not be taken in. What an error quotes may be a post, and is left out."""
    if isinstance(error, ReaderFailed):
        return str(error)
    if isinstance(error, MemoryError):
        return "reading it needs more memory than there is"
    if isinstance(error, RecursionError):
        return "its values are nested too deeply"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"an unexpected {type(error).__name__}{where}"
