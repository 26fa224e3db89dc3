"""The mails around an approval: a question waits, its time runs out, an answer lacks a reason, or it was decided.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sentiment.language import marked, recorded, tr
from sentiment.mail.letter import Mail, about, letter, together
from sentiment.mail.subjects import APPROVED, ASKED
from sentiment.mail.tables import Part, compared, costs, worst_flips
from sentiment.results.decision import Gate
from sentiment.results.serving import Outcome, Question
from sentiment.text.taipei import taipei_time

NOBODY, NO_ANSWER = marked("nobody"), marked("no answer in time")  # who decided and why, when the time ran out


@dataclass(frozen=True)
class Asking:
    """A question that waits until a moment, as its mails tell it.

    `gate` is the decision that it is about, and `export_bytes` the size of what would be served, if known.
    """

    question: Question
    until: datetime
    links: Mapping[str, str]
    gate: Gate | None = None
    export_bytes: int | None = None

    @property
    def end(self) -> str:
        return taipei_time(self.until)


def awaits(version: int, until: datetime) -> str:
    """Returns the sentence that every page and mail about an open question begins with."""
    return tr(
        "Version {version} is the canary and awaits your approval until {end}.", version=version, end=taipei_time(until)
    )


def waiting_mail(asking: Asking) -> Mail:
    """Returns the mail that asks for an answer."""
    version, verdict = asking.question.version, recorded(asking.question.verdict)
    return _asking(
        tr(ASKED, version=version, verdict=verdict),
        together(awaits(version, asking.until), verdict),
        asking,
        [tr("Both answers, Approve and Reject, need a reason.")],
    )


def reminder_mail(asking: Asking, hours: float, standing: str) -> Mail:
    """Returns the reminder of a question that waits for another `hours`; `standing` says how the canary has done."""
    lead = tr(
        "Nobody has decided about version {version}: it will be rejected in {time}, on {end}.",
        version=asking.question.version,
        time=told_time(hours),
        end=asking.end,
    )
    subject, verdict = tr("Sentiment: reminder. {lead}", lead=lead), recorded(asking.question.verdict)
    return _asking(subject, together(lead, verdict), asking, [recorded(standing)])


def unreasoned_mail(asking: Asking, who: str, chosen: str) -> Mail:
    """Returns the mail about an answer that does not count, because it has no reason."""
    lead = tr(
        "{who} chose {chosen} for version {version} without a reason: the question is open again.",
        who=who,
        chosen=recorded(chosen),
        version=asking.question.version,
    )
    return _asking(about(lead), lead, asking, [tr("Please answer again and give a reason.")])


def four_eyes_mail(asking: Asking, who: str) -> Mail:
    """Returns the mail about an Approve that does not count, because it came from whoever made the version."""
    lead = tr(
        "{who} may not approve version {version} alone (four eyes): the question is open again.",
        who=who,
        version=asking.question.version,
    )
    why = tr(
        "{who} started its run, or loosened or overrode its gate. Somebody else must approve it, or reject it.", who=who
    )
    return _asking(about(lead), lead, asking, [why])


def decided_mail(
    result: Outcome, decision: Mapping[str, str], run: str, links: Mapping[str, str], *, has_archive: bool = False
) -> Mail:
    """Returns the mail about what an answer did; `result` is what `sentiment promote` or `sentiment withdraw` left.

    `has_archive` says that scoring follows, which a promotion has when there is an archive.
    """
    who, why = decision["who"], decision["reason"]
    by = tr("Decided by {who}: {why}", who=who, why=why) if who != NOBODY else tr("Nobody answered in time.")
    told = together(recorded(result.sentence), by)
    follows = _scoring_follows(result) if has_archive else []
    sections = {tr("What to do"): _to_do(result), tr("The archive"): follows}
    return letter(_decided(result, who), told, run, sections, links)


def is_promoted(result: Outcome) -> bool:
    """Tells whether an answer made its version stable."""
    return result.changed and result.stable == result.version


def _scoring_follows(result: Outcome) -> list[str]:
    told = tr(
        "If `sentiment_score` is switched on, it scores the archive with version {version} now. Then the version's "
        "page says what changed in it.",
        version=result.version,
    )
    return [told]


def _decided(result: Outcome, who: str) -> str:
    version = result.version
    if not result.changed:
        return tr("Sentiment: the answer about version {version} changed nothing", version=version)
    if result.stable == version:
        return tr(APPROVED, version=version, who=who)
    if who == NOBODY:
        return tr("Sentiment: version {version} was rejected, because nobody answered in time", version=version)
    return tr("Sentiment: version {version} was rejected by {who}", version=version, who=who)


def told_time(hours: float) -> str:
    """Returns a number of hours as people say it: below two hours, in minutes."""
    if hours >= 2:
        return tr("{hours:.0f} hours", hours=hours)
    return tr("{minutes:.0f} minutes", minutes=hours * 60)


def _to_do(result: Outcome) -> list[str]:
    version = result.version
    if not result.changed:
        return [tr("Nothing. `sentiment status` shows which versions are served now.")]
    if result.stable == version:
        if result.previous is None:
            return []
        rollback = tr(
            "Nothing. If the version misbehaves, trigger `sentiment_rollback`: it goes back to version {previous} at "
            "once.",
            previous=result.previous,
        )
        return [rollback]
    return [
        tr("Nothing: the next night's batch contains the version's rows."),
        tr(
            "If that was a mistake, run `sentiment canary --version {version}` to make it the canary again; then "
            "trigger sentiment_promote by hand.",
            version=version,
        ),
    ]


def _asking(subject: str, lead: str, asking: Asking, lines: Sequence[str]) -> Mail:
    question, gate = asking.question, asking.gate
    canary = tr("version {version}", version=question.version)
    sections = {
        tr("Warnings about the candidate"): [recorded(line) for line in question.cautions],
        tr("Warnings about the new posts"): [recorded(line) for line in question.warnings],
        tr("The year"): [recorded(line) for line in question.year],
        tr("What to know"): [*lines, tr("Without an answer by {end}, the version is rejected.", end=asking.end)],
    }
    shown = _shown(gate, canary, asking.export_bytes) if gate else []
    return letter(subject, lead, question.run, sections, asking.links, shown)


def _shown(gate: Gate, canary: str, export_bytes: int | None) -> list[Part]:
    return [compared(gate, canary), *costs(gate, canary, export_bytes), *worst_flips(gate, canary)]
