"""Compares findings about a night's posts with their limits: decides what warns and what stops the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sentiment.errors import InputError

OFF = "off"


@dataclass(frozen=True)
class Limits:
    """The values above which a finding warns, and above which it stops the run; None: never."""

    warn: float | None
    fail: float | None

    @classmethod
    def parse(cls, variable: str, text: str) -> Limits:
        """Reads `warn,fail`, two shares from 0 to 1 or `off`. Raises: InputError otherwise, or if fail < warn."""
        try:
            warn, fail = (None if part.strip() == OFF else _share(part) for part in text.split(","))
        except ValueError:
            raise _refused(variable, text) from None
        if warn is not None and fail is not None and fail < warn:
            raise _refused(variable, text)
        return cls(warn, fail)


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError(text)
    return value


def _refused(variable: str, text: str) -> InputError:
    return InputError(
        f"{variable} must be two shares from 0 to 1, `warn,fail`, the second not below the first; `off` means never",
        found=repr(text),
        do="Set it to such a pair, for instance to 0.05,off.",
    )


@dataclass(frozen=True)
class Finding:
    """One figure about a night's posts: `value` is a share or distance from 0 to 1, or None, and `why` says why."""

    name: str
    title: str
    value: float | None
    why: str = ""
    examples: Sequence[str] = field(default_factory=tuple)


def judge(finding: Finding, limits: Limits) -> dict[str, Any]:
    """Returns the finding with its level: `ok`, `warning`, `failed` or `not measured`, and a sentence for people."""
    level, allowed = "ok", limits.fail if limits.warn is None else limits.warn
    if finding.value is None:
        level = "not measured"
    elif limits.fail is not None and finding.value > limits.fail:
        level, allowed = "failed", limits.fail
    elif limits.warn is not None and finding.value > limits.warn:
        level = "warning"
    return {
        **asdict(finding),
        "examples": list(finding.examples),
        "level": level,
        "warn": limits.warn,
        "fail": limits.fail,
        "sentence": _sentence(finding, allowed),
    }


def _sentence(finding: Finding, allowed: float | None) -> str:
    if finding.value is None:
        return f"{finding.title}: not measured, {finding.why}."
    bound = "" if allowed is None else f", {'none are' if allowed == 0 else f'up to {allowed:.1%} is'} expected"
    return f"{finding.title}: {finding.value:.1%}{bound}."


def verdict(findings: Sequence[Finding], limits: Mapping[str, Limits]) -> dict[str, Any]:
    """Returns {passed, sentence, warnings, failed, checks}; sentences for people, and every figure."""
    checks = [judge(finding, limits[finding.name]) for finding in findings]
    failed = [check["sentence"] for check in checks if check["level"] == "failed"]
    warnings = [check["sentence"] for check in checks if check["level"] == "warning"]
    measured = sum(check["level"] != "not measured" for check in checks)
    if failed:
        more = f" {len(failed) - 1} more failed." if len(failed) > 1 else ""
        sentence = f"The new posts failed a check. {failed[0]}{more}"
    else:
        warned = f", {len(warnings)} with a warning" if warnings else ""
        sentence = f"The new posts passed {measured} checks{warned}."
    return {"passed": not failed, "sentence": sentence, "warnings": warnings, "failed": failed, "checks": checks}
