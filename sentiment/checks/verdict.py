"""Findings about a night's posts against the limits that are set for them: what warns, what stops the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sentiment.settings.limits import Limits


@dataclass(frozen=True)
class Finding:
    """One figure about a night's posts. `value` is a share or a distance from 0 to 1; None with `why`: not measured."""

    name: str
    title: str
    value: float | None
    why: str = ""
    examples: Sequence[str] = field(default_factory=tuple)


def judge(finding: Finding, limits: Limits) -> dict[str, Any]:
    """Returns the finding with its level: `ok`, `warning`, `failed` or `not measured`, and a sentence that says it."""
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
