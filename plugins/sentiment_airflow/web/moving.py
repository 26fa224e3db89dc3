"""What the page offers about going back to an earlier version, and why a form is not sent. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sentiment.language import tr
from sentiment.options.gate import LONGEST_REASON, SHORTEST_REASON
from sentiment.text.invisible import is_blank
from sentiment.text.taipei import taipei_time
from sentiment_airflow.web.deciding import Refused
from sentiment_airflow.workflows import ROLLBACK

UNDER_WAY = ("queued", "running")  # states of a run


@dataclass(frozen=True)
class LastRun:
    """The newest run of a workflow: its id, its state, who triggered it, and when."""

    run_id: str
    state: str
    who: str
    at: datetime


@dataclass(frozen=True)
class Rollback:
    """The versions that can be rolled back to, the previous one first, and what is told of the last rollback."""

    versions: tuple[int, ...]
    told: str = ""
    last: str = ""  # the id of the run that `told` is about


def rollback_offered(stables: Sequence[int], last: LastRun | None, *, may_trigger: bool) -> Rollback | None:
    """Returns what stable's page offers; None when the user may not trigger, or there is no earlier stable version."""
    earlier = tuple(reversed(stables[:-1]))
    if not may_trigger or not earlier:
        return None
    if last is None or last.state not in (*UNDER_WAY, "failed"):
        return Rollback(earlier)
    if last.state in UNDER_WAY:
        return Rollback((), _under_way(last), last.run_id)
    who, time = last.who or tr("somebody"), taipei_time(last.at)
    return Rollback(
        earlier, tr("The last rollback, triggered by {who} on {time}, failed.", who=who, time=time), last.run_id
    )


def _under_way(last: LastRun) -> str:
    return tr(
        "A rollback, triggered by {who} on {time}, is being carried out: load the page again to see it.",
        who=last.who or tr("somebody"),
        time=taipei_time(last.at),
    )


def ask_offered(last: LastRun | None) -> str:
    """Returns what is told of a canary that nobody is asked about, before the button that asks."""
    if last is not None and last.state in UNDER_WAY:
        return tr("The question about this canary is being prepared: load the page again in a moment.")
    return tr("Nobody is asked about this canary now. Once somebody is, it can be approved, or withdrawn by Reject.")


def rollback_refused(
    stables: Sequence[int],
    *,
    may_trigger: bool,
    is_paused: bool,
    last: LastRun | None,
    stable: str,
    version: str,
    reason: str,
) -> Refused | None:
    """Returns why no rollback is triggered; None when it is. `stable` is the version whose page the form was on."""
    if not may_trigger:
        return Refused(403, may_not_trigger(ROLLBACK))
    if not stables or stable != str(stables[-1]):
        return Refused(409, _other_stable(stables))
    if last is not None and last.state in UNDER_WAY:  # what is stable then is not what whoever sent this has seen
        return Refused(409, _under_way(last))
    if version not in map(str, stables[:-1]):
        return Refused(409, tr("A rollback must name an earlier stable version: choose one from the list."))
    if is_blank(reason) or not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        told = tr(
            "A rollback needs a reason of {least} to {most:,} characters: write one.",
            least=SHORTEST_REASON,
            most=LONGEST_REASON,
        )
        return Refused(400, told)
    return Refused(409, paused(ROLLBACK)) if is_paused else None


def _other_stable(stables: Sequence[int]) -> str:
    if not stables:
        return tr("Nothing was triggered, because there is no stable version now: look at its page, then decide.")
    return tr(
        "Nothing was triggered, because version {version} is stable now: look at its page, then decide.",
        version=stables[-1],
    )


def may_not_trigger(workflow: str) -> str:
    """Returns why a user without the right to trigger a workflow cannot do so here."""
    return tr("Your Airflow user may not trigger {workflow}: ask somebody who may.", workflow=workflow)


def paused(workflow: str) -> str:
    """Returns why nothing is triggered while a workflow is switched off."""
    return tr(
        "{workflow} is paused, and would not run: switch it on in Airflow, then send this again.", workflow=workflow
    )
