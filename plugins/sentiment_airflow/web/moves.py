"""The routes of the forms that trigger a workflow: a rollback, and asking about a canary that nobody is asked about."""

from __future__ import annotations

from typing import Annotated, Any

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from sentiment.language import tr
from sentiment_airflow.web import airflow_api
from sentiment_airflow.web.answers import read_form, reason_of
from sentiment_airflow.web.asker import may_trigger
from sentiment_airflow.web.deciding import Refused
from sentiment_airflow.web.forms import Form
from sentiment_airflow.web.moving import may_not_trigger, paused, rollback_refused
from sentiment_airflow.web.runs import is_paused, last_run
from sentiment_airflow.web.same_origin import require_same_origin
from sentiment_airflow.web.showing import known_version, read_home
from sentiment_airflow.web.versions import Sent, version_shown
from sentiment_airflow.workflows import PROMOTE, ROLLBACK

router = APIRouter(dependencies=[Depends(require_same_origin)])
Filled = Annotated[Form, Depends(read_form)]


@router.post("/versions/{number}/rollback")
async def roll_back(request: Request, number: str, form: Filled, user: GetUserDep) -> Response:
    """Triggers the rollback from stable, whose page this is, to the version in the form."""
    reason, refused = reason_of(form), await run_in_threadpool(_rollback_refused, number, form, user)
    if refused is None:
        given = {"version": int(form["version"]), "reason": reason, "skip_unreachable": "skip_unreachable" in form}
        refused = await _triggered(request, ROLLBACK, given)
    return await _shown(request, number, user, "rollback", refused, reason)


@router.post("/versions/{number}/ask")
async def ask(request: Request, number: str, user: GetUserDep) -> Response:
    """Triggers the question about the canary, whose page this is."""
    refused = await run_in_threadpool(_ask_refused, number, user) or await _triggered(request, PROMOTE, {})
    return await _shown(request, number, user, "decide", refused, "")


def _rollback_refused(number: str, form: Form, user: BaseUser) -> Refused | None:
    _, ledger, _ = read_home()
    return rollback_refused(
        ledger.state.stables,
        may_trigger=may_trigger(user, ROLLBACK),
        is_paused=is_paused(ROLLBACK),
        last=last_run(ROLLBACK),
        stable=str(known_version(ledger, number)),
        version=form.get("version", ""),
        reason=reason_of(form),
    )


def _ask_refused(number: str, user: BaseUser) -> Refused | None:
    _, ledger, _ = read_home()
    if not may_trigger(user, PROMOTE):
        return Refused(403, may_not_trigger(PROMOTE))
    if known_version(ledger, number) != ledger.state.canary:
        return Refused(409, tr("Only the canary can be asked about, and this version is not the canary now."))
    if is_paused(PROMOTE):
        return Refused(409, paused(PROMOTE))
    return None


async def _triggered(request: Request, workflow: str, given: dict[str, Any]) -> Refused | None:
    replied = await airflow_api.call(
        request, "POST", f"/dags/{workflow}/dagRuns", {"logical_date": None, "conf": given}
    )
    if replied.done:
        return None
    why = replied.detail.rstrip(".")
    return Refused(replied.status, tr("Airflow did not trigger {workflow}: {why}.", workflow=workflow, why=why))


async def _shown(
    request: Request, number: str, user: BaseUser, form: str, refused: Refused | None, reason: str
) -> Response:
    if refused is None:
        return RedirectResponse(f"{request.scope['root_path']}/versions/{number}#{form}", status_code=303)
    return await run_in_threadpool(version_shown, request, number, user, Sent(refused, reason, form))
