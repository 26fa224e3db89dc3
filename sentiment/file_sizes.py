"""How large the files of a model may be. It is asked before any of them is read: one with holes has no end."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sentiment import disk
from sentiment.errors import InputError

LARGEST = 8 << 30  # bytes of an encoder, a model or an export, of all its files together; BERT-large takes 1.3 GB
DO = "Copy or fetch them again; `cp --sparse=never` fills holes."


def require_bounded(files: Iterable[Path]) -> None:
    """Raises: InputError when files that are hashed or copied take more than LARGEST bytes."""
    total = 0
    for path in files:
        total += disk.size_of(path)
        if total > LARGEST:
            raise _refusal(f"{total:,} bytes up to {path}{' (a sparse file)' if disk.is_sparse(path) else ''}")


def require_written(files: Iterable[Path]) -> None:
    """Raises: InputError for files of weights also when parts of one were never written."""
    paths = list(files)
    require_bounded(paths)
    if sparse := next(filter(disk.is_sparse, paths), None):
        raise _refusal(f"parts of {sparse} that were never written (a sparse file)")


def _refusal(found: str) -> InputError:
    return InputError(
        f"the files of a model must be whole, and take at most {LARGEST >> 30} GiB together", found=found, do=DO
    )
