"""Which posts of the corpus count: each once, and none that stands in a test set. A few of them are held out.

The corpus is read more than once: first every post is hashed, then those that count are yielded. What is held in memory
is 17 bytes a line, whatever the lines are. Which posts count is known by their lines: the files must stay as they are.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentiment.data.identity import identity
from sentiment.errors import InputError
from sentiment.pretraining.lines import STAYS, Read, posts_of
from sentiment.progress import progress
from sentiment.results.pretraining import Counted

HASH_DIGITS = 16  # 64 bits: in a corpus of 100 million posts, one is taken for another with a chance of 0.03 %
FEWEST = 30  # posts; with fewer there is nothing to hold out, and nothing to learn
HELD_OUT_SHARE, LEAST_HELD_OUT, MOST_HELD_OUT = 0.01, 10, 2000  # about: the texts' hashes decide

Hashes = NDArray[np.uint64]
Stamp = tuple[int, int, int] | None


@dataclass(frozen=True)
class Corpus:
    """Files of posts, and which of them count: `use` has one entry a post, 0: left out, 1: learnt from, 2: held out."""

    files: tuple[Path, ...]
    use: NDArray[np.uint8]
    counted: Counted
    stamps: tuple[Stamp, ...]

    def posts(self) -> Iterator[tuple[str, bool]]:
        """Yields every post that counts, in the order of the files, and whether it is held out.

        Raises: InputError when a file is another one than it was when it was read first.
        """
        self.require_unchanged()
        for use, post in zip(self.use, posts_of(self.files, Read()), strict=False):
            if use:
                yield post, use == 2
        self.require_unchanged()

    def require_unchanged(self) -> None:
        """Raises: InputError when a file is another one by now."""
        for path, stamp in zip(self.files, self.stamps, strict=True):
            if stamp_of(path) != stamp:
                raise InputError(
                    STAYS,
                    found=f"a change in {path}",
                    do="Give the command again, with a copy that nobody writes to.",
                )


def stamp_of(path: Path) -> Stamp:
    """Returns what changes when a file does; None of one that is gone."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino


def hash_of(text: str) -> int:
    """Returns 64 bits that name a text, whatever its white space, case and width of characters."""
    return int(identity(text)[:HASH_DIGITS], 16)


def read_corpus(files: Iterable[Path], tests: Iterable[str]) -> Corpus:
    """Reads a corpus, leaving out the texts of test sets. Raises: InputError when hardly any post is left."""
    files, read = tuple(files), Read()
    stamps = tuple(map(stamp_of, files))
    found = array("Q")
    with progress(sum(stamp[0] for stamp in stamps if stamp), "reading", "bytes") as line:
        for post in posts_of(files, read):
            found.append(hash_of(post))
            line.update(len(post.encode()) + 1)
    hashes = np.frombuffer(found, np.uint64) if found else np.zeros(0, np.uint64)
    tested = np.array(sorted({hash_of(text) for text in tests}), np.uint64)
    use, repeated, of_tests = chosen(hashes, tested)
    counted = Counted(
        lines=read.lines,
        empty=read.empty,
        too_long=read.too_long,
        repeated=repeated,
        of_tests=of_tests,
        learnt=int((use == 1).sum()),
        held_out=int((use == 2).sum()),
    )
    _require_some(counted)
    corpus = Corpus(files, use, counted, stamps)
    corpus.require_unchanged()
    return corpus


def chosen(hashes: Hashes, tested: Hashes) -> tuple[NDArray[np.uint8], int, int]:
    """Returns the use of each post, how many are repeats of an earlier one, and how many others stand in a test set.

    A text that is held out is held out in every corpus: its hash alone decides.
    """
    use = np.zeros(len(hashes), np.uint8)
    first = np.unique(hashes, return_index=True)[1]
    use[first] = 1
    repeated = len(hashes) - len(first)
    in_test = np.isin(hashes, tested) & (use == 1)
    use[in_test] = 0
    left = int(use.sum())
    share = min(max(HELD_OUT_SHARE * left, LEAST_HELD_OUT), MOST_HELD_OUT, left / 2) / max(1, left)
    use[(use == 1) & (hashes < np.uint64(int(share * 2**64)))] = 2
    return use, repeated, int(in_test.sum())


def _require_some(counted: Counted) -> None:
    if counted.learnt >= FEWEST and counted.held_out:
        return
    raise InputError(
        f"a corpus must have at least {FEWEST} different posts that stand in no test set",
        found=f"{counted.learnt + counted.held_out:,} in {counted.lines:,} lines ({counted.empty:,} empty, "
        f"{counted.repeated:,} repeated, {counted.of_tests:,} of test sets, {counted.too_long:,} too long)",
        do="Name files of unlabelled posts, one a line, with --corpus.",
    )
