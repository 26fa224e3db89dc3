"""The mails around an approval: a question waits, its time runs out, an answer lacks a reason, or it was decided.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sentiment.mail.letter import Mail, letter
from sentiment.results.serving import Outcome, Question

NOBODY, NO_ANSWER = "nobody", "no answer in time"  # who decided and why, when the time ran out


def waiting_mail(question: Question, hours: float, links: Mapping[str, str]) -> Mail:
    """Returns the mail that asks for an answer; `question` is what `describe` returned."""
    return _asking(
        f"Sentiment: version {question.version} waits for your approval. {question.verdict}",
        f"Version {question.version} is the canary and waits for your approval. {question.verdict}",
        question,
        [
            f"Without an answer within {told_time(hours)}, the version is rejected.",
            "Both answers, Approve and Reject, need a reason.",
        ],
        links,
    )


def reminder_mail(question: Question, hours: float, standing: str, links: Mapping[str, str]) -> Mail:
    """Returns the reminder of a question that waits for another `hours`; `standing` says how the canary has done."""
    lead = f"Nobody has decided about version {question.version}: it will be rejected in {told_time(hours)}."
    return _asking(f"Sentiment: reminder. {lead}", f"{lead} {question.verdict}", question, [standing], links)


def unreasoned_mail(question: Question, who: str, chosen: str, links: Mapping[str, str]) -> Mail:
    """Returns the mail about an answer that does not count, because it has no reason."""
    lead = f"{who} chose {chosen} for version {question.version} without a reason: the question is open again."
    return _asking(f"Sentiment: {lead}", lead, question, ["Please answer again and give a reason."], links)


def four_eyes_mail(question: Question, who: str, links: Mapping[str, str]) -> Mail:
    """Returns the mail about an Approve that does not count, because it came from whoever made the version."""
    lead = f"{who} may not approve version {question.version} alone (four eyes): the question is open again."
    lines = [f"{who} started its run, or loosened or overrode its gate. Somebody else must approve it, or reject it."]
    return _asking(f"Sentiment: {lead}", lead, question, lines, links)


def decided_mail(result: Outcome, decision: Mapping[str, str], run: str, links: Mapping[str, str]) -> Mail:
    """Returns the mail about what an answer did; `result` is what `sentiment promote` or `sentiment withdraw` left."""
    version, who, why = result.version, decision["who"], decision["reason"]
    told = (
        f"{result.sentence} Decided by {who}: {why}" if who != NOBODY else f"{result.sentence} Nobody answered in time."
    )
    if not result.changed:
        subject = f"Sentiment: the answer about version {version} changed nothing"
    elif result.stable == version:
        subject = f"Sentiment: version {version} is stable now, approved by {who}"
    elif who == NOBODY:
        subject = f"Sentiment: version {version} was rejected, because nobody answered in time"
    else:
        subject = f"Sentiment: version {version} was rejected by {who}"
    return letter(subject, told, run, {"What to do": _to_do(result)}, links)


def told_time(hours: float) -> str:
    """Returns a number of hours as people say it: below two hours, in minutes."""
    return f"{hours:.0f} hours" if hours >= 2 else f"{hours * 60:.0f} minutes"


def _to_do(result: Outcome) -> list[str]:
    version = result.version
    if not result.changed:
        return ["Nothing. `sentiment status` shows which versions are served now."]
    if result.stable == version:
        back = f" to version {result.previous}" if result.previous is not None else ""
        return (
            [f"Nothing. If the version misbehaves, trigger `sentiment_rollback`: it goes back{back} at once."]
            if back
            else []
        )
    return [
        "Nothing: the next night's batch contains the version's rows.",
        f"If that was a mistake, run `sentiment canary --version {version}` to make it the canary again; then trigger "
        "sentiment_promote by hand.",
    ]


def _asking(subject: str, lead: str, question: Question, lines: Sequence[str], links: Mapping[str, str]) -> Mail:
    sections = {
        "Warnings about the candidate": question.cautions,
        "Warnings about the new posts": question.warnings,
        "The year": question.year,
        "What to know": list(lines),
    }
    return letter(subject, lead, question.run, sections, links)
