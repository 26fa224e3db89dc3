"""Tells kept answers from other bytes: a power cut may leave zeros in a file, or what another file held.

Beside the answers lies a line for each whole part of them, the sha256 of its bytes. Answers that an earlier version
kept have no such lines until they are opened again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from sentiment import atomic
from sentiment.disk import named
from sentiment.model.soft import Floats

OFF = 1e-3  # that the probabilities of a post may be from 1, together


class Digests:
    """The digests of the parts of the answers in `answers`; `are_there` tells whether any were kept."""

    def __init__(self, answers: Path) -> None:
        self._path = answers.with_suffix(".sha256")
        self.are_there = self._path.is_file()
        self._kept = self._path.read_text("ascii", errors="replace").split("\n") if self.are_there else []

    def fit(self, number: int, part: Floats) -> bool:
        """Tells whether a part, the first one number 0, holds probabilities, and those that were written."""
        is_answer = (np.abs(part.sum(axis=1) - 1) < OFF).all() and (part >= 0).all()
        return bool(is_answer) and (not self.are_there or self._kept[number : number + 1] == [_digest(part)])

    def replace(self, parts: Iterable[Floats]) -> None:
        """Keeps the digests of these parts alone."""
        if digests := [_digest(part) for part in parts]:
            atomic.write_text(self._path, "".join(f"{one}\n" for one in digests))
        else:
            self._path.unlink(missing_ok=True)

    def add(self, part: Floats) -> None:
        """Keeps the digest of one more part, which is on the disk by now."""
        try:
            with self._path.open("a", encoding="ascii") as handle:
                handle.write(f"{_digest(part)}\n")
        except OSError as error:
            raise named(error, self._path) from None


def _digest(part: Floats) -> str:
    return hashlib.sha256(np.ascontiguousarray(part).tobytes()).hexdigest()
