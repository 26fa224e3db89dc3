"""From a version to its run and its approval in Airflow, by the rows that Airflow itself keeps."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from support import models_page_homes as homes

from sentiment.run_folder import safe_name

NIGHT = "scheduled__2026-11-22T18:00:00+00:00"


@pytest.fixture
def airflows_rows(site: object) -> Iterator[Callable[..., None]]:
    """Adds a run of the retraining with that id, and a question about that version."""
    from airflow.models.dagrun import DagRun
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import delete, insert

    now = datetime.now(UTC)

    def add(version: int, run_id: str, answered: bool) -> None:
        task = uuid.uuid4()
        shared = {"run_type": "manual", "run_after": now, "log_template_id": None, "span_status": "not_started"}
        with create_session(scoped=False) as session:
            for dag_id in ("sentiment_retrain", "sentiment_promote"):
                session.execute(insert(DagRun.__table__).values(dag_id=dag_id, run_id=run_id, **shared))
            place = {"dag_id": "sentiment_promote", "run_id": run_id, "task_id": "approve", "map_index": -1}
            needed = {"pool": "default_pool", "pool_slots": 1, "max_tries": 0, "span_status": "not_started"}
            session.execute(insert(TaskInstance.__table__).values(id=task, **place, **needed))
            said = {"subject": f"Make version {version} stable?", "responded_at": now if answered else None}
            detail: dict[str, Any] = {
                "ti_id": task,
                "options": ["Approve"],
                "params": {},
                "params_input": {},
                "created_at": now,
                **said,
            }
            session.execute(insert(HITLDetail.__table__).values(**detail))

    yield add
    with create_session(scoped=False) as session:
        for table in (HITLDetail, TaskInstance, DagRun):
            session.execute(delete(table))


@pytest.mark.parametrize(("answered", "told"), [(True, "Its approval"), (False, "The approval waits for an answer")])
def test_the_run_is_found_by_its_folder_and_the_approval_by_its_version(
    home: Path,
    look: Callable[[str], httpx.Response],
    airflows_rows: Callable[..., None],
    answered: bool,
    told: str,
) -> None:
    homes.write_history(home, [homes.published(2, run=safe_name(NIGHT)), homes.published(22, run="night-22")])
    airflows_rows(2, NIGHT, answered)
    page = look("/versions/2").text
    quoted = "scheduled__2026-11-22T18%3A00%3A00%2B00%3A00"
    assert f'href="/dags/sentiment_retrain/runs/{quoted}"' in page
    assert f'href="/dags/sentiment_promote/runs/{quoted}/tasks/approve/required_actions"' in page and told in page
    other = look("/versions/22").text
    assert "/dags/" not in other and "pproval" not in other
