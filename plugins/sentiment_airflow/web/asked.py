"""The question about a canary, as Airflow keeps it: where it is, whether it waits, until when, who answered it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from airflow.models.hitl import HITLDetail
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import select

from sentiment.language import tr
from sentiment.text.taipei import taipei_time
from sentiment_airflow.approval.options import DECISIONS, decision_of
from sentiment_airflow.workflows import PROMOTE, hours_to_answer

MOST_LOOKED_AT = 5000  # newest questions, which is years of nights
WAITING = ("awaiting_input", "deferred")  # states of a task in which an answer reaches it
ASKING = ("scheduled", "queued", "running", "up_for_retry")  # in which it soon will
_VERSION = re.compile(r"\bversion (\d+)\b|第\s?(\d+)\s?版", re.IGNORECASE)  # in every language that is asked in


@dataclass(frozen=True)
class Asked:
    """The newest question about a version. `assigned` are the ids of those who alone may answer; nobody: everybody."""

    version: int
    run_id: str
    task_id: str
    since: datetime  # when it was asked first
    until: datetime
    waits: bool
    is_asking: bool = False  # the task is about to wait (again)
    answered: str = ""  # "ann chose Approve on 28 Nov 07:25 (Taipei)", in the language spoken when it was looked up
    assigned: tuple[str, ...] = ()
    options: tuple[str, ...] = DECISIONS  # as they are in Airflow, in the language in which it was asked

    @property
    def page(self) -> str:
        """Its page in Airflow, as a path below Airflow's own."""
        return (
            f"dags/{PROMOTE}/runs/{quote(self.run_id, safe='')}/tasks/{quote(self.task_id, safe='')}/required_actions"
        )

    @property
    def api(self) -> str:
        """The address of Airflow's API at which it is answered."""
        run, task = quote(self.run_id, safe=""), quote(self.task_id, safe="")
        return f"/dags/{PROMOTE}/dagRuns/{run}/taskInstances/{task}/-1/hitlDetails"


def question_about(version: int) -> Asked | None:
    """Returns the newest question about the version; None when Airflow knows of none (any more)."""
    query = (
        select(HITLDetail, TaskInstance)
        .join(TaskInstance, TaskInstance.id == HITLDetail.ti_id)
        .where(TaskInstance.dag_id == PROMOTE, HITLDetail.subject.contains(str(version)))
        .order_by(HITLDetail.created_at.desc())
        .limit(MOST_LOOKED_AT)
    )
    with create_session(scoped=False) as session:
        for detail, task in session.execute(query):
            if version_in(detail.subject) == version:
                return _asked(version, detail, task)
    return None


def version_in(subject: str) -> int | None:
    """Returns the version that a question is about, by its subject in any language; None when it names none."""
    found = _VERSION.search(subject)
    return int(found[found.lastindex or 0]) if found else None


def of_this_time(asked: Asked | None, canary_since: str) -> Asked | None:
    """Returns the question unless it is older than the ISO time at which its version became the canary."""
    try:
        began = datetime.fromisoformat(canary_since)
    except ValueError:
        return asked
    return None if asked and began.tzinfo and asked.since < began else asked


def _asked(version: int, detail: HITLDetail, task: TaskInstance) -> Asked:
    end = _end(task.next_kwargs) or detail.created_at + timedelta(hours=hours_to_answer())
    waits, asking = (detail.responded_at is None and task.state in states for states in (WAITING, ASKING))
    assigned = tuple(str(user["id"]) for user in detail.assignees or [])
    return Asked(
        version,
        task.run_id,
        task.task_id,
        detail.created_at,
        end,
        waits,
        asking,
        _answered(detail),
        assigned,
        tuple(detail.options),
    )


def _end(kept: object) -> datetime | None:
    """Returns when the time to answer ends, which the waiting task has for itself; None when it says nothing."""
    inner = kept.get("__var", kept) if isinstance(kept, Mapping) else {}
    try:
        return datetime.fromisoformat(str(inner.get("until") if isinstance(inner, Mapping) else ""))
    except ValueError:
        return None


def _answered(detail: HITLDetail) -> str:
    if detail.responded_at is None:
        return ""
    user = detail.responded_by or {}
    who, options = user.get("name") or user.get("id"), detail.chosen_options or []
    return tr(
        "{who} chose {chosen} on {time}",
        who=who or tr("Nobody"),
        chosen=listed([told_option(one) for one in options]),
        time=taipei_time(detail.responded_at),
    )


def told_option(option: str) -> str:
    """Returns an option of a question, in whatever language it was asked, as its reader is told it."""
    decision = decision_of(option)
    return tr(decision) if decision else option


def listed(names: Sequence[str]) -> str:
    """Returns `cho, dan and eve`."""
    if len(names) < 2:
        return "".join(names)
    return tr("{names} and {last}", names=tr(", ").join(names[:-1]), last=names[-1])
