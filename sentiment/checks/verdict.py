"""Compares findings about a night's posts with their limits: decides what warns and what stops the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sentiment.language import tr
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
    """Returns a finding as it is recorded, and so in English."""
    if finding.value is None:
        return tr("{sentence}: not measured, {because}.", sentence=finding.title, because=finding.why)
    parts = {"sentence": finding.title, "share": finding.value, "allowed": allowed}
    if names_it and finding.what:
        return _naming(parts | {"what": finding.what}, allowed)
    if allowed is None:
        return tr("{sentence}: {share:.1%}.", **parts)
    if allowed == 0:
        return tr("{sentence}: {share:.1%}, none are expected.", **parts)
    return tr("{sentence}: {share:.1%}, up to {allowed:.1%} is expected.", **parts)


def _naming(parts: Mapping[str, object], allowed: float | None) -> str:
    if allowed is None:
        return tr("{sentence}: {share:.1%}. {what}.", **parts)
    if allowed == 0:
        return tr("{sentence}: {share:.1%}, none are expected. {what}.", **parts)
    return tr("{sentence}: {share:.1%}, up to {allowed:.1%} is expected. {what}.", **parts)


def verdict(checks: Sequence[Finding]) -> tuple[bool, str]:
    """Returns whether the new posts passed, and that in a sentence."""
    failed = [check.sentence for check in checks if check.level == "failed"]
    warnings = sum(check.level == "warning" for check in checks)
    measured = sum(check.level != "not measured" for check in checks)
    if len(failed) > 1:
        return False, tr(
            "The new posts failed a check. {sentence} {more:,} more failed.", sentence=failed[0], more=len(failed) - 1
        )
    if failed:
        return False, tr("The new posts failed a check. {sentence}", sentence=failed[0])
    if warnings:
        return True, tr(
            "The new posts passed {checks} checks, {warnings} with a warning.", checks=measured, warnings=warnings
        )
    return True, tr("The new posts passed {checks} checks.", checks=measured)
