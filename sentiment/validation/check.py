"""One thing that a validation found out, and the sentence about all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """What was found, what is allowed (None: it is only reported), and that in a sentence."""

    name: str
    passed: bool
    value: float | None
    threshold: float | None
    sentence: str


def limited(name: str, value: float, limit: float | None, sentence: str) -> Check:
    """Returns the check that `value` is not above `limit`, if there is one; {} in the sentence is where it is named."""
    said = sentence.format("" if limit is None else f" (at most {limit:g})")
    return Check(name, limit is None or value <= limit, value, limit, said)


def verdict(checks: Sequence[Check]) -> str:
    """Returns one sentence: every check that failed, or what was found of those that matter to a customer."""
    failed = [check.sentence for check in checks if not check.passed]
    if failed:
        return f"Not to be served: {'; '.join(sentence.rstrip('.') for sentence in failed)}."
    return f"It may be served: {'; '.join(check.sentence.rstrip('.') for check in checks if check.value is not None)}."
