"""The chain of the history: every event names the one before it, and `models.config` the one that it was made from.

So a history that was emptied, cut or changed is noticed before anything follows from it. Lines from before the chain
name nothing; the first event behind them names them all, since a digest includes the one before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from sentiment.json_lines import Line

DIGITS = 32  # of a digest, in hex


class Tip(NamedTuple):
    """Where a history ends: how many events it has, and the digest of the last one with all before it."""

    number: int = 0
    digest: str = ""


def after(tip: Tip, line: str) -> Tip:
    """Returns the tip of a history with one more line."""
    digest = hashlib.sha256(f"{tip.digest}\n{line}".encode()).hexdigest()[:DIGITS]
    return Tip(tip.number + 1, digest)


def tips(lines: Sequence[Line]) -> list[Tip]:
    """Returns the tip before the first line, and behind each one."""
    found = [Tip()]
    for line in lines:
        found.append(after(found[-1], line.text))
    return found


def broken_at(lines: Sequence[Line], ends: Sequence[Tip]) -> int:
    """Returns the number of the first line that names another line before it than there is, or 0."""
    for line, before in zip(lines, ends, strict=False):
        named = (line.value or {}).get("after")
        if named is not None and named != before.digest:
            return line.number
    return 0


def missing(ends: Sequence[Tip], made_from: Tip, copied: Sequence[Tip]) -> Tip | None:
    """Returns the event that a history lacks, or has otherwise; None when it has all that is known of it.

    `made_from` is what `models.config` names, `copied` the tips of an unbroken copy. A copy that itself lacks what
    `models.config` names says nothing about the history.
    """
    if not _has(ends, made_from):
        return made_from
    if copied and not _has(ends, copied[-1]) and _has(copied, made_from):
        return copied[-1]
    return None


def _has(ends: Sequence[Tip], tip: Tip) -> bool:
    return tip == Tip() or (tip.number < len(ends) and ends[tip.number] == tip)
