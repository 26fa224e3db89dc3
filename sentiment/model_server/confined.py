"""What the server keeps of its machine when it loads models: their files, and what it writes itself.

A graph that should write a file, or read one that is none of the served, is answered by the kernel. With a
configuration of somebody's own, which may name any folder at any time, a server may still read whatever its user may.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sentiment import confinement

LEVELS = 2  # models, and their versions


@contextmanager
def private_folder() -> Iterator[Path]:
    """Yields a folder that is removed at the end; temporary files are made in it from here on."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="sentiment-serve-") as folder:
        tempfile.tempdir = folder
        try:
            yield Path(folder)
        finally:
            tempfile.tempdir = before


def to_files_of(served: Collection[Path], writes: Iterable[Path]) -> None:
    """Confines this process: it reads below `served` (none: everywhere), writes below `writes` and its private folder.

    Call it before TensorFlow starts its threads. A link in `served` to a model, or to a version, is followed now.
    """
    private = Path(tempfile.gettempdir())
    reads = [*served, *(link for folder in served for link in _linked(folder, LEVELS))]
    confinement.alone(reads, [private, *writes], whole_disk=not served, empties=private.parent)


def _linked(folder: Path, levels: int) -> Iterator[Path]:
    """Yields where the links in a folder lead: rights below a folder end at a link."""
    with suppress(OSError):  # the load says why there is nothing to serve
        for entry in list(os.scandir(folder)):
            if entry.is_symlink():
                yield Path(os.path.realpath(entry.path))
            if levels > 1:
                yield from _linked(Path(entry.path), levels - 1)
