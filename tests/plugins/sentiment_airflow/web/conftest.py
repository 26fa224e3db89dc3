"""Airflow's own web application, with its own login, on a socket; the page's home is each test's."""

from __future__ import annotations

from support import airflow_home  # sets Airflow's home before anything of Airflow is imported

# isort: split
import json
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

USERS = "ann:viewer,bob:user,cho:user,nobody:"
PASSWORD = "correct horse"
PAGE = "/sentiment/models"


@dataclass(frozen=True)
class Site:
    """Where Airflow listens, and its application."""

    address: str
    app: Any

    def client(self, user: str | None = "ann") -> httpx.Client:
        """A browser of a user who has logged in (the session's cookie), or of nobody."""
        client = httpx.Client(base_url=self.address, timeout=30, trust_env=False)
        if user:
            client.cookies.set("_token", self.token(user))
        return client

    @cache  # noqa: B019 - one site, for the whole session
    def token(self, user: str) -> str:
        """Returns what logging in with name and password gives."""
        answer = httpx.post(f"{self.address}/auth/token", json={"username": user, "password": PASSWORD}, timeout=30)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["access_token"])


def served(app: Any) -> tuple[uvicorn.Server, str]:
    """Serves an application in a thread; returns the server and its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off"))
    threading.Thread(target=server.run, daemon=True).start()
    deadline = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return server, f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Airflow with four users: ann may read, bob and cho may trigger and answer, nobody may do nothing."""
    passwords = airflow_home.HOME / "passwords.json"
    names = [entry.split(":")[0] for entry in USERS.split(",")]
    passwords.write_text(json.dumps(dict.fromkeys(names, PASSWORD)), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", USERS)
        patch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", str(passwords))
        patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "of the tests" * 6)  # as long as its hash, or jwt warns
        from airflow.api_fastapi.app import create_app, purge_cached_app
        from airflow.utils.db import initdb

        initdb()
        app = create_app(apps="core")
        server, address = served(app)
        yield Site(address, app)
        server.should_exit = True
        purge_cached_app()


@pytest.fixture
def serve() -> Callable[[Any], tuple[uvicorn.Server, str]]:
    """Serves one more application."""
    return served


@pytest.fixture
def airflows_rows(site: Site) -> Iterator[Callable[..., None]]:
    """Adds a run of the retraining with that id, and a question about that version, as a waiting task leaves it."""
    from airflow.models.dagrun import DagRun
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import delete, insert

    def add(
        version: int,
        run_id: str,
        answered: bool = False,
        until: str = "",
        *,
        state: str = "awaiting_input",
        **more: Any,
    ) -> None:
        now, task = datetime.now(UTC), uuid.uuid4()
        shared = {"run_type": "manual", "run_after": now, "log_template_id": None, "span_status": "not_started"}
        with create_session(scoped=False) as session:
            for dag_id in ("sentiment_retrain", "sentiment_promote"):
                session.execute(insert(DagRun.__table__).values(dag_id=dag_id, run_id=run_id, **shared))
            place = {"dag_id": "sentiment_promote", "run_id": run_id, "task_id": "approve", "map_index": -1}
            needed = {"pool": "default_pool", "pool_slots": 1, "max_tries": 0, "span_status": "not_started"}
            waiting = {"state": state, "next_method": "execute_complete", "next_kwargs": {"until": until}}
            session.execute(insert(TaskInstance.__table__).values(id=task, **place, **needed, **waiting))
            said = {"subject": f"Make version {version} stable?", "responded_at": now if answered else None}
            detail: dict[str, Any] = {
                "ti_id": task,
                "options": ["Approve", "Reject"],
                "params": {},
                "params_input": {},
                "created_at": now,
                **said,
                **more,
            }
            session.execute(insert(HITLDetail.__table__).values(**detail))

    yield add
    with create_session(scoped=False) as session:
        for table in (HITLDetail, TaskInstance, DagRun):
            session.execute(delete(table))


@pytest.fixture
def ann(site: Site, home: Path) -> Iterator[httpx.Client]:
    """A person who may read, in front of the page of an empty home."""
    with site.client() as client:
        yield client


@pytest.fixture
def look(ann: httpx.Client) -> Callable[[str], httpx.Response]:
    """Opens a path of the page."""
    return lambda path: ann.get(f"{PAGE}{path}")
