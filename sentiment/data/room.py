"""How large a copy of a file may be: what is fetched from a bucket, or unpacked, must not fill the disk."""

from __future__ import annotations

from pathlib import Path

from sentiment import disk
from sentiment.text.units import size as told

SHARE = 0.5  # of what is free: the ledger may take as much again


def largest_copy(folder: Path) -> int:
    """Returns how many bytes a copy may take on the disk of a folder, which need not exist yet."""
    return int(SHARE * disk.free(folder))


def why_too_large(size: int, largest: int) -> str:
    """Returns why a copy of `size` bytes is not made where the largest may be `largest`; "" when it may be made."""
    if size <= largest:
        return ""
    return (
        f"a copy of it takes {told(size)}, and the disk has {told(largest)} for one: make room, or deliver it in parts"
    )
