"""The sha256 by which files are known."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

BLOCK = 1 << 20  # bytes that are read at once


def sha256_of(path: Path) -> str:
    """Returns the sha256 of a file, in hex."""
    with path.open("rb") as handle:
        return sha256_of_content(handle)


def _anyway() -> None:
    """Reads on, whatever it takes."""


def sha256_of_content(handle: BinaryIO, before_reading: Callable[[], None] = _anyway) -> str:
    """Returns the sha256 of what is left to read of an open file, in hex; `before_reading` may end it by an error."""
    digest = hashlib.sha256()
    while piece := handle.read(BLOCK):
        before_reading()
        digest.update(piece)
    return digest.hexdigest()
