"""Finds a version's run and its approval in Airflow. The history knows a run by its folder, Airflow by its id."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import quote

from airflow.api_fastapi.app import get_cookie_path
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from fastapi import Request
from sqlalchemy import select

from sentiment.run_folder import safe_name
from sentiment_airflow.web.asked import Asked, question_about
from sentiment_airflow.workflows import RETRAIN

MOST_LOOKED_AT = 5000  # newest runs, which is years of nights


@dataclass(frozen=True)
class Links:
    """A path below Airflow's own, and the question; empty when Airflow does not know the run or asked nothing."""

    run: str = ""
    asked: Asked | None = None


def home_of(request: Request) -> str:
    """Returns Airflow's own path, which ends with `/`."""
    return str(get_cookie_path())


def links_of(run: str, version: int) -> Links:
    """Returns the links of a version whose run has the folder `run`."""
    return Links(run_path(RETRAIN, run), question_about(version))


def run_path(workflow: str, folder: str) -> str:
    """Returns the path of the run whose folder is `folder`, "" when Airflow does not know it (any more)."""
    return run_paths(workflow, [folder])[folder]


def run_paths(workflow: str, folders: Collection[str]) -> dict[str, str]:
    """Returns the same of several folders: a run's id cannot be derived from its folder's name."""
    if not folders:
        return {}
    query = select(DagRun.run_id).where(DagRun.dag_id == workflow).order_by(DagRun.id.desc()).limit(MOST_LOOKED_AT)
    with create_session(scoped=False) as session:
        known = session.scalars(query).all()
    paths = {name: _path("dags", workflow, "runs", run_id) for run_id in reversed(known) for name in _names(run_id)}
    return {folder: paths.get(folder, "") for folder in folders}


def _names(run_id: str) -> tuple[str, str]:
    """Returns how the folder of a run may be called: a home of version 0.1.0 has some that are called as the run."""
    return run_id, safe_name(run_id)


def _path(*parts: str) -> str:
    return "/".join(quote(part, safe="") for part in parts)
