"""Compares findings about a night's posts with their limits: decides what warns and what stops the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from sentiment.results.deliveries import Finding
from sentiment.settings.limits import Limits


@dataclass(frozen=True)
class Measured:
    """One figure about a night's posts: `value` is a share or distance from 0 to 1, or None, and `why` says why.

    `what` names what has that value, for those who read the sentence of a warning and no examples.
    """

    name: str
    title: str
    value: float | None
    why: str = ""
    examples: Sequence[str] = field(default_factory=tuple)
    what: str = ""


def judge(measured: Measured, limits: Limits) -> Finding:
    """Returns the finding with its level: `ok`, `warning`, `failed` or `not measured`, and a sentence for people."""
    level = level_of(measured.value, limits)
    allowed = limits.fail if level == "failed" or limits.warn is None else limits.warn
    return Finding(
        name=measured.name,
        title=measured.title,
        value=measured.value,
        why=measured.why,
        examples=list(measured.examples),
        level=level,
        warn=limits.warn,
        fail=limits.fail,
        sentence=_sentence(measured, allowed, level in ("failed", "warning")),
    )


def level_of(value: float | None, limits: Limits) -> Literal["ok", "warning", "failed", "not measured"]:
    """Returns what a figure means."""
    if value is None:
        return "not measured"
    if limits.fail is not None and value > limits.fail:
        return "failed"
    return "warning" if limits.warn is not None and value > limits.warn else "ok"


def _sentence(finding: Measured, allowed: float | None, names_it: bool) -> str:
    if finding.value is None:
        return f"{finding.title}: not measured, {finding.why}."
    bound = "" if allowed is None else f", {'none are' if allowed == 0 else f'up to {allowed:.1%} is'} expected"
    what = f". {finding.what}" if names_it and finding.what else ""
    return f"{finding.title}: {finding.value:.1%}{bound}{what}."


def verdict(checks: Sequence[Finding]) -> tuple[bool, str]:
    """Returns whether the new posts passed, and that in a sentence."""
    failed = [check.sentence for check in checks if check.level == "failed"]
    warnings = [check.sentence for check in checks if check.level == "warning"]
    measured = sum(check.level != "not measured" for check in checks)
    if failed:
        more = f" {len(failed) - 1} more failed." if len(failed) > 1 else ""
        sentence = f"The new posts failed a check. {failed[0]}{more}"
    else:
        warned = f", {len(warnings)} with a warning" if warnings else ""
        sentence = f"The new posts passed {measured} checks{warned}."
    return not failed, sentence
