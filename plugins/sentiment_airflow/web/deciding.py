"""What the page of a canary says about its approval, and why an answer is not sent. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass

from sentiment.language import marked, tr
from sentiment.mail.approval import awaits
from sentiment.options.gate import LONGEST_REASON
from sentiment.text.invisible import is_blank
from sentiment.text.taipei import taipei_time
from sentiment_airflow.approval.options import APPROVE, DECISIONS, REJECT, decision_of, option_of
from sentiment_airflow.web.asked import Asked, listed
from sentiment_airflow.workflows import PROMOTE

CARRIED_OUT = marked(
    "{answered}. It is being carried out: load the page again to see what became of it; its run in Airflow says more."
)
FOUR_EYES = marked(
    "You may not approve version {version} (four eyes), because you started its run, or loosened or overrode its gate: "
    "somebody else must approve it. You may reject it."
)
SETTING = "SENTIMENT_APPROVERS"


@dataclass(frozen=True)
class Asker:
    """What Airflow and the history say about whoever looks at the page."""

    may_answer: bool  # the right to answer the workflow's questions
    is_assigned: bool = True  # among those whom the question is for
    made_it: bool = False  # with four eyes, whoever made the canary does not approve it


@dataclass(frozen=True)
class Refused:
    """Why nothing was sent, in one sentence, and the HTTP status that says so to programs."""

    status: int
    sentence: str


@dataclass(frozen=True)
class Answer:
    """A button: the option of the question that it sends, and what the reader is told that it is."""

    option: str
    told: str
    approves: bool


@dataclass(frozen=True)
class Offer:
    """What the page shows about a question: a sentence, which answers may be given, and why no other."""

    sentence: str
    answers: tuple[Answer, ...] = ()
    limits: str = ""


def offer(asked: Asked, asker: Asker) -> Offer | None:
    """Returns what is shown about the question of the canary; None when there is nothing to say."""
    if asked.answered:
        return Offer(tr(CARRIED_OUT, answered=asked.answered))
    if asked.is_asking:
        told = tr(
            "Version {version} is the canary, and its question is just being asked: load the page again in a moment.",
            version=asked.version,
        )
        return Offer(told)
    if not asked.waits:
        return None
    if why := _may_not(asked, asker):
        until = taipei_time(asked.until)
        told = tr(
            "Version {version} is the canary and awaits approval until {until}.", version=asked.version, until=until
        )
        return Offer(told, (), why)
    limits = tr(FOUR_EYES, version=asked.version) if asker.made_it else ""
    return Offer(awaits(asked.version, asked.until), _answers(asked, asker), limits)


def _answers(asked: Asked, asker: Asker) -> tuple[Answer, ...]:
    """Returns the answers that the asker may give, each with the option that Airflow takes for it."""
    decisions = (REJECT,) if asker.made_it else DECISIONS
    return tuple(
        Answer(option, tr(decision), decision == APPROVE)
        for decision in decisions
        if (option := option_of(decision, asked.options))
    )


def refused(
    asked: Asked | None, superseded: str, asker: Asker, *, chosen: str, reason: str, run_id: str
) -> Refused | None:
    """Returns why an answer is not sent to Airflow; None when it is. `run_id` is the run whose form was filled in.

    `chosen` is an option of any language.
    """
    if why := _may_not(asked, asker):
        return Refused(403, why)
    if asked and asked.answered and asked.run_id == run_id:
        told = tr("{answered}, before your answer came: yours changed nothing.", answered=asked.answered)
        return Refused(409, told)
    if superseded:
        return Refused(409, superseded)
    if asked is None:
        told = tr(
            "Nobody asks about this version now: trigger {workflow} by hand, and it asks again.", workflow=PROMOTE
        )
        return Refused(409, told)
    if not asked.waits or asked.run_id != run_id:
        return Refused(409, tr("This is not the question that waits now: look at the page again, then answer."))
    decision = decision_of(chosen)
    if not option_of(decision, asked.options):
        told = tr(
            "The answer must be {approve} or {reject}: press one of the two buttons.",
            approve=tr(APPROVE),
            reject=tr(REJECT),
        )
        return Refused(400, told)
    return _no_reason(decision, reason) or _not_this_answer(asked, asker, decision)


def refused_by_airflow(status: int, detail: str) -> Refused:
    """Returns what Airflow's refusal of an answer means."""
    if status == 409:
        return Refused(409, tr("Somebody else answered before your answer came: yours changed nothing."))
    if status == 401:
        return Refused(401, tr("Your login has ended: log in to Airflow, then answer again."))
    why = detail.rstrip(".")
    return Refused(status, tr("Airflow did not take the answer, and nothing changed: {why}.", why=why))


def _may_not(asked: Asked | None, asker: Asker) -> str:
    if not asker.may_answer:
        return tr(
            "Your Airflow user may not answer the questions of {workflow}: ask somebody who may.", workflow=PROMOTE
        )
    if asked and not asker.is_assigned:
        return tr(
            "This question is for {names} alone ({setting}): ask them to answer it.",
            names=listed(asked.assigned),
            setting=SETTING,
        )
    return ""


def _no_reason(decision: str, reason: str) -> Refused | None:
    if is_blank(reason):
        told = tr(
            "{answer} needs a reason, and none was given: write one, then press the button again.", answer=tr(decision)
        )
        return Refused(400, told)
    if len(reason) > LONGEST_REASON:
        told = tr(
            "The reason may have {most:,} characters; it has {number:,}: shorten it.",
            most=LONGEST_REASON,
            number=len(reason),
        )
        return Refused(400, told)
    return None


def _not_this_answer(asked: Asked, asker: Asker, decision: str) -> Refused | None:
    made_it = asker.made_it and decision == APPROVE
    return Refused(403, tr(FOUR_EYES, version=asked.version)) if made_it else None
