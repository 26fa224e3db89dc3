"""The mail about a rollback: by whom, why, and what is served now. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping

from sentiment.language import recorded, tr
from sentiment.mail.letter import Mail, letter
from sentiment.mail.subjects import ROLLED_BACK
from sentiment.results.serving import Outcome


def rollback_mail(result: Outcome, who: str, reason: str, run: str, links: Mapping[str, str]) -> Mail:
    """Returns the mail; `result` is what `sentiment rollback` left. Links that lead to no web page are left out."""
    lead = recorded(result.sentence)
    sections = {
        tr("Who and why"): [tr("By: {who}", who=who), tr("Reason: {reason}", reason=reason)],
        tr("What is served now"): _served(result),
        tr("What to do"): [
            tr(
                "Nothing is urgent. The next night continues training from the version that is stable now, and its "
                "batch contains again what the later version was trained on. `sentiment status` shows the state."
            )
        ],
    }
    return letter(tr(ROLLED_BACK, who=who, lead=lead), lead, run, sections, links)


def _served(result: Outcome) -> list[str]:
    none = tr("none")
    return [
        tr("stable: {version}", version=result.stable or none),
        tr("previous: {version}", version=result.previous or none),
        tr("canary: {version}", version=result.canary or none),
    ]
