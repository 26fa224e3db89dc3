"""The route of the approval's form: what it says goes through Airflow's own answer to the waiting task."""

from __future__ import annotations

from typing import Annotated

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from sentiment.language import marked, tr
from sentiment.serving.succession import superseded
from sentiment_airflow.approval.options import decision_of, option_of
from sentiment_airflow.web import airflow_api
from sentiment_airflow.web.asked import Asked
from sentiment_airflow.web.asker import asker_of
from sentiment_airflow.web.deciding import Refused, refused, refused_by_airflow
from sentiment_airflow.web.forms import Form, form_of
from sentiment_airflow.web.same_origin import require_same_origin
from sentiment_airflow.web.showing import known_version, read_home
from sentiment_airflow.web.versions import Sent, version_shown
from sentiment_airflow.web.waiting import present_question

LARGEST_FORM = 64 << 10  # bytes: more than the longest reason, percent-encoded
read_form = form_of(LARGEST_FORM, marked("The reason is too long: shorten it."))
router = APIRouter()


def reason_of(form: Form) -> str:
    """Returns the reason in a form, with the line ends that people mean."""
    return form.get("reason", "").replace("\r\n", "\n").strip()


@router.post("/versions/{number}/answer", dependencies=[Depends(require_same_origin)])
async def answer(
    request: Request, number: str, form: Annotated[Form, Depends(read_form)], user: GetUserDep
) -> Response:
    """Approves or rejects the canary, and shows its page: that the answer was given, or why it was not."""
    reason = reason_of(form)
    found = await run_in_threadpool(_judged, number, form, reason, user)
    if isinstance(found, Asked):
        option = option_of(decision_of(form["answer"]), found.options)  # in the language of the question
        chosen = {"chosen_options": [option], "params_input": {"reason": reason}}
        replied = await airflow_api.call(request, "PATCH", found.api, chosen)
        if replied.done:
            return RedirectResponse(f"{request.scope['root_path']}/versions/{number}#decide", status_code=303)
        found = refused_by_airflow(replied.status, replied.detail)
    return await run_in_threadpool(version_shown, request, number, user, Sent(found, reason))


def _judged(number: str, form: Form, reason: str, user: BaseUser) -> Asked | Refused:
    """Returns the question that is to be answered, or why it is not."""
    settings, ledger, _ = read_home()
    version = known_version(ledger, number)
    if settings is None:
        return Refused(409, tr("Nothing can be decided until the problem in the notice above is fixed."))
    asked = present_question(ledger, version)
    why = refused(
        asked,
        superseded(version, ledger.state, ledger.events),
        asker_of(user, asked, settings),
        chosen=form.get("answer", ""),
        reason=reason,
        run_id=form.get("run", ""),
    )
    return why or asked or Refused(409, tr("Nobody asks about this version now."))
