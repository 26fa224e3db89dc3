"""The mails around an approval: it waits, time is running out, the answer had no reason, it was decided.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sentiment.mail.letter import Mail, letter
from sentiment.results.serving import Outcome, Question

NOBODY, NO_ANSWER = "nobody", "no answer in time"  # who decided, and why, when time ran out


def waiting_mail(question: Question, hours: float, links: Mapping[str, str]) -> Mail:
    """Returns the mail that asks for an answer; `question` is what `describe` returned."""
    return _asking(
        f"Sentiment: version {question.version} waits for your approval. {question.verdict}",
        f"Version {question.version} is canary and waits for approval. {question.verdict}",
        question,
        [f"No answer within {told_time(hours)} counts as Reject.", "A reason is required with either answer."],
        links,
    )


def reminder_mail(question: Question, hours: float, standing: str, links: Mapping[str, str]) -> Mail:
    """Returns the mail that reminds of a question that waits `hours` longer; `standing` tells of the canary so far."""
    lead = f"Nobody has decided about version {question.version} yet: in {told_time(hours)} it is rejected."
    return _asking(f"Sentiment: reminder. {lead}", f"{lead} {question.verdict}", question, [standing], links)


def unreasoned_mail(question: Question, who: str, chosen: str, links: Mapping[str, str]) -> Mail:
    """Returns the mail about an answer that was not taken, because nobody would know later why."""
    lead = f"{who} chose {chosen} for version {question.version} without a reason: the question is open again."
    return _asking(f"Sentiment: {lead}", lead, question, ["Answer once more, with a reason."], links)


def decided_mail(result: Outcome, decision: Mapping[str, str], run: str, links: Mapping[str, str]) -> Mail:
    """Returns the mail about what an answer did; `result` is that of `sentiment promote` or `sentiment withdraw`."""
    version, who, why = result.version, decision["who"], decision["reason"]
    told = (
        f"{result.sentence} Decided by {who}: {why}" if who != NOBODY else f"{result.sentence} Nobody answered in time."
    )
    if not result.changed:
        subject = f"Sentiment: an answer about version {version} changed nothing"
    elif result.stable == version:
        subject = f"Sentiment: version {version} is stable now, approved by {who}"
    elif who == NOBODY:
        subject = f"Sentiment: version {version} was rejected, because nobody answered in time"
    else:
        subject = f"Sentiment: version {version} was rejected by {who}"
    return letter(subject, told, run, {"What to do": _to_do(result)}, links)


def told_time(hours: float) -> str:
    """Returns hours as a person says them: in minutes, when they are few."""
    return f"{hours:.0f} hours" if hours >= 2 else f"{hours * 60:.0f} minutes"


def _to_do(result: Outcome) -> list[str]:
    version = result.version
    if not result.changed:
        return ["Nothing. `sentiment status` shows which versions are served now."]
    if result.stable == version:
        back = f" to version {result.previous}" if result.previous is not None else ""
        return (
            [f"Nothing. If something is wrong with it, `sentiment_rollback` goes back{back} at once."] if back else []
        )
    return [
        "Nothing: its rows are part of the next night's batch.",
        f"If that was a mistake, `sentiment canary --version {version}` makes it canary again; then start "
        "sentiment_promote by hand.",
    ]


def _asking(subject: str, lead: str, question: Question, lines: Sequence[str], links: Mapping[str, str]) -> Mail:
    sections = {"Warnings about the new posts": question.warnings, "What to know": list(lines)}
    return letter(subject, lead, question.run, sections, links)
