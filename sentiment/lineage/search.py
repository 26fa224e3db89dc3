"""The files that `forget` searches, one by one: one that cannot be read is noted, and the others are searched."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sentiment import disk
from sentiment.data.alone import concerns_all, why_left
from sentiment.data.source.walk import LINK, walked
from sentiment.language import tr
from sentiment.step import say
from sentiment.text.harmless import visible

NEVER_TEXT = frozenset({".h5", ".pb", ".index", ".bin", ".tflite", ".sqlite", ".lock"})  # weights, graphs, hashes
# Of a pretraining that was stopped: whole, half written (`.tokens.SECRET.PROCESS.tmp`), or replaced (`.old`).
KEPT_TOKENS = re.compile(r"(.*/\.[^/]+\.unfinished)/(?:tokens|\.tokens\.[^/]+)/.+", re.DOTALL)
AS_NUMBERS = "a stopped pretraining keeps posts in it, as numbers: remove it, or let that pretraining end"
MOST_NAMED = 200


class Search:
    """Goes through files; `failed` are those, and the folders, that could not be read or changed."""

    def __init__(self) -> None:
        self.failed: set[Path] = set()

    def files(self, folders: Iterable[Path]) -> list[Path]:
        """Returns the regular files below the folders that may hold texts, in order. A link is no file of ours."""
        found = []
        for folder in folders:
            below = [] if not folder.exists() else sorted(walked(folder.resolve()))
            for path, why_closed in below:
                if why_closed and why_closed != LINK:
                    self.note(path, why_closed)
                elif tokens := KEPT_TOKENS.fullmatch(str(path)):
                    self.note(Path(tokens[1]), AS_NUMBERS)
                elif not why_closed and _may_hold_text(path):
                    with self.alone(path):
                        found += [path] * stat.S_ISREG(path.lstat().st_mode)
        return found

    @contextmanager
    def alone(self, path: Path) -> Iterator[None]:
        """Ends what fails with one file, unless the disk or the ledger failed; a file that is gone holds no text."""
        try:
            yield
        except Exception as error:
            if concerns_all(error) or (isinstance(error, OSError) and disk.is_about_the_disk(error)):
                raise
            if path.is_symlink() or not isinstance(error, FileNotFoundError):
                self.note(path, why_left(error))

    def not_searched(self) -> tuple[list[Path], list[str]]:
        """Returns what failed; of more than MOST_NAMED the first, and a line about the rest."""
        more = len(self.failed) - MOST_NAMED
        return sorted(self.failed)[:MOST_NAMED], [tr("{more:,} more files or folders", more=more)] if more > 0 else []

    def note(self, path: Path, reason: str) -> None:
        """Keeps that a file or folder was not searched, and says why."""
        if path not in self.failed and len(self.failed) < MOST_NAMED:
            say(f"{visible(str(path))} is not searched: {visible(reason)}")
        self.failed.add(path)


def _may_hold_text(path: Path) -> bool:
    return path.suffix not in NEVER_TEXT and not path.name.endswith((".sqlite-wal", ".sqlite-shm"))
