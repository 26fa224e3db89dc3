"""Airflow's own routes, called in this process with the login of whoever sent the form.

What Airflow checks, writes and logs is what it does for its own forms: the user's rights, the row that is locked while
it is answered, the audit log. There is no second way to answer a question or to start a workflow.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.common.dagbag import create_dag_bag
from airflow.api_fastapi.core_api.routes.public.dag_run import dag_run_router
from airflow.api_fastapi.core_api.routes.public.hitl import task_instances_hitl_router
from fastapi import FastAPI, Request

PASSED_ON = ("authorization", "cookie", "referer")  # who asks; and that it was a page, for Airflow's record of a run


@dataclass(frozen=True)
class Replied:
    """What Airflow answered: an HTTP status, and why it refused ("" when it did what was asked)."""

    status: int
    detail: str = ""

    @property
    def done(self) -> bool:
        return self.status < 400


async def call(request: Request, method: str, path: str, content: dict[str, Any]) -> Replied:
    """Sends JSON to a route of Airflow's API, below `/api/v2`, as whoever sent `request`."""
    headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
    transport = httpx.ASGITransport(app=_routes())
    async with httpx.AsyncClient(transport=transport, base_url="http://airflow", headers=headers) as airflow:
        answer = await airflow.request(method, path, json=content)
    return Replied(answer.status_code, "" if answer.is_success else _detail(answer))


@cache
def _routes() -> FastAPI:
    """The application of the routes that the forms need: Airflow's own, with what they find in its application."""
    app = FastAPI(openapi_url=None)
    app.include_router(task_instances_hitl_router)
    app.include_router(dag_run_router)
    app.state.dag_bag = create_dag_bag()
    app.state.auth_manager = get_auth_manager()
    return app


def _detail(answer: httpx.Response) -> str:
    try:
        found = answer.json()
    except ValueError:
        found = None
    detail = found.get("detail") if isinstance(found, dict) else None
    return str(detail or f"HTTP {answer.status_code}")
