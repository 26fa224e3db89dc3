"""What Airflow knows of a workflow: its newest run, and whether it is paused."""

from __future__ import annotations

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.sdk.timezone import utcnow
from airflow.utils.session import create_session
from airflow.utils.state import State
from sqlalchemy import case, select

from sentiment_airflow.web.moving import LastRun


def last_run(workflow: str) -> LastRun | None:
    """Returns the newest run of a workflow that was due, or is; None when there is none.

    One that is being carried out comes before newer ones that have ended: it was cleared, to be run again.
    """
    due = select(DagRun).where(DagRun.dag_id == workflow, DagRun.run_after <= utcnow())
    has_ended = case((DagRun.state.in_(State.finished_dr_states), 1), else_=0)
    query = due.order_by(has_ended, DagRun.id.desc()).limit(1)
    with create_session(scoped=False) as session:
        run = session.scalars(query).first()
        at = run and (run.queued_at or run.run_after)
        return LastRun(run.run_id, str(run.state), run.triggering_user_name or "", at) if run and at else None


def is_paused(workflow: str) -> bool:
    """Tells whether Airflow starts no run of the workflow now."""
    with create_session(scoped=False) as session:
        return bool(session.scalar(select(DagModel.is_paused).where(DagModel.dag_id == workflow)))
