"""What people hear of the checks: a mail when a check stops a run, warnings otherwise. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping

from sentiment.mail.letter import Mail, letter
from sentiment.results.deliveries import Check
from sentiment.run_folder import RunFolder

MOST_EXAMPLES = 10


def warnings_of(run: RunFolder) -> list[str]:
    """Returns the sentences of the checks that warned in `run`; an empty list when it has no checks."""
    return run.read(Check).warnings if run.result("check").is_file() else []


def check_mail(check: Check, run: str, links: Mapping[str, str]) -> Mail:
    """Returns the mail about new posts that failed a check; `check` is that step's result.

    Links that do not lead to a web page are left out. Raises: ValueError when the checks passed.
    """
    if check.passed:
        raise ValueError("there is nothing to mail about: the checks passed")
    sections = {
        "What failed": _told(check, "failed"),
        "What else was noticed": _told(check, "warning"),
        "What happens now": _what_now(check),
    }
    return letter(f"Sentiment: nothing was trained. {check.sentence}", check.sentence, run, sections, links)


def _told(check: Check, level: str) -> list[str]:
    lines = []
    for found in check.checks:
        if found.level == level:
            lines += [found.sentence, *(f"for example: {example}" for example in found.examples[:MOST_EXAMPLES])]
    return lines


def _what_now(check: Check) -> list[str]:
    lines = [
        "The stable model keeps serving; nothing was trained.",
        "The new posts are not lost: the next night's batch contains them. Correct the delivery's file and deliver it "
        "again (the newest label of a text wins), or change the limit (SENTIMENT_CHECK_…).",
    ]
    if check.suspects_file:
        lines.append(f"To correct labels that look wrong, import this file into Label Studio: {check.suspects_file}")
    return lines
