"""Finds a version's run and its approval in Airflow. The history knows a run by its folder, Airflow by its id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from airflow.api_fastapi.app import get_cookie_path
from airflow.models.dagrun import DagRun
from airflow.models.hitl import HITLDetail
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from fastapi import Request
from sqlalchemy import select

from sentiment.run_folder import safe_name
from sentiment_airflow.workflows import PROMOTE, RETRAIN

MOST_LOOKED_AT = 5000  # newest runs or approvals, which is years of nights
_VERSION = re.compile(r"\bversion (\d+)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Links:
    """Paths below Airflow's own; "" when Airflow does not know the run or the approval (any more)."""

    run: str = ""
    approval: str = ""
    waits: bool = False  # whether the approval waits for an answer


def home_of(request: Request) -> str:
    """Returns Airflow's own path, which ends with `/`."""
    return str(get_cookie_path())


def links_of(run: str, version: int) -> Links:
    """Returns the links of a version whose run has the folder `run`."""
    approval, waits = _approval(version)
    return Links(run_path(RETRAIN, run), approval, waits)


def run_path(workflow: str, folder: str) -> str:
    """Returns the path of the run whose folder is `folder`: the run's id cannot be derived from the folder's name."""
    query = select(DagRun.run_id).where(DagRun.dag_id == workflow).order_by(DagRun.id.desc()).limit(MOST_LOOKED_AT)
    with create_session(scoped=False) as session:
        known = session.scalars(query).all()
    run_id = next((run_id for run_id in known if folder in (run_id, safe_name(run_id))), None)
    return _path("dags", workflow, "runs", run_id) if run_id and folder else ""


def _approval(version: int) -> tuple[str, bool]:
    """Returns the path of the newest question about the version, and whether it waits for an answer."""
    query = (
        select(HITLDetail.subject, HITLDetail.responded_at, TaskInstance.run_id, TaskInstance.task_id)
        .join(TaskInstance, TaskInstance.id == HITLDetail.ti_id)
        .where(TaskInstance.dag_id == PROMOTE)
        .order_by(HITLDetail.created_at.desc())
        .limit(MOST_LOOKED_AT)
    )
    with create_session(scoped=False) as session:
        questions = session.execute(query).all()
    for subject, answered, run_id, task_id in questions:
        if _VERSION.findall(subject)[:1] == [str(version)]:
            return _path("dags", PROMOTE, "runs", run_id, "tasks", task_id, "required_actions"), answered is None
    return "", False


def _path(*parts: str) -> str:
    return "/".join(quote(part, safe="") for part in parts)
