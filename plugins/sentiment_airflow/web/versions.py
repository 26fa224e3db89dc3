"""The routes of one version: its page, and its training report."""

from __future__ import annotations

from dataclasses import dataclass

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from sentiment.language import tr
from sentiment.lineage.card_text import model_card
from sentiment.lineage.model_card import known_of
from sentiment.models_page.ledger import Ledger
from sentiment.models_page.run_files import report_of
from sentiment.models_page.version_page import version_page
from sentiment_airflow.web.airflow_links import links_of
from sentiment_airflow.web.asker import may_trigger
from sentiment_airflow.web.deciding import Refused
from sentiment_airflow.web.moving import ask_offered, rollback_offered
from sentiment_airflow.web.pages import REPORT_POLICY
from sentiment_airflow.web.runs import last_run
from sentiment_airflow.web.showing import content_of, framed, known_version, nothing_to_show, read_home, shown
from sentiment_airflow.web.waiting import Waiting, waiting_for
from sentiment_airflow.workflows import PROMOTE, ROLLBACK

router = APIRouter()


@dataclass(frozen=True)
class Sent:
    """A form that was refused, as it stands on the page again."""

    refused: Refused
    reason: str
    form: str = "decide"  # the id of its section


@router.get("/versions/{number}")
def show_version(request: Request, number: str, user: GetUserDep) -> HTMLResponse:
    """Shows one version: comparison, confusion, flips, data, checks, links, and the approval while it waits."""
    return version_shown(request, number, user)


def version_shown(request: Request, number: str, user: BaseUser, sent: Sent | None = None) -> HTMLResponse:
    """Returns the page of a version for `user`; with why the form that they sent was refused, if it was."""
    settings, ledger, notices = read_home()
    version = known_version(ledger, number)
    if not settings:
        return nothing_to_show(request, notices)
    page = version_page(ledger, version, settings, notices)
    links = links_of(page.run, version)
    waiting = waiting_for(user, ledger, settings)
    offers = {"waiting": waiting, **_moves(user, ledger, version, waiting)}
    status = sent.refused.status if sent else 200
    return shown(request, "version.html", notices, status, page=page, links=links, sent=sent, **offers)


def _moves(user: BaseUser, ledger: Ledger, version: int, waiting: Waiting | None) -> dict[str, object]:
    """Returns what else the user may do to stable or canary, when `version` is it; nothing for another."""
    rollback, asked_for = None, ""
    if ledger.state.stable == version:
        may_roll = may_trigger(user, ROLLBACK)
        rollback = rollback_offered(ledger.state.stables, last_run(ROLLBACK), may_trigger=may_roll)
    if ledger.state.canary == version and waiting is None and may_trigger(user, PROMOTE):
        asked_for = ask_offered(last_run(PROMOTE))
    return {"rollback": rollback, "ask": asked_for}


@router.get("/versions/{number}/card")
def show_card(number: str) -> Response:
    """Returns a version's model card, as text: Markdown that can be kept or passed on."""
    settings, ledger, _ = read_home()
    version = known_version(ledger, number)
    if not settings:
        raise HTTPException(404, tr("What is served cannot be shown."))
    card = model_card(known_of(settings, ledger.state, ledger.events, version))
    return Response(card, media_type="text/plain; charset=utf-8")


@router.get("/versions/{number}/report")
def show_report(request: Request, number: str) -> HTMLResponse:
    """Shows a version's training report in a frame, below the way back to the version."""
    version = _with_report(number)[0]
    title, name = tr("Training report of version {version}", version=version), tr("training report")
    return framed(request, version, "report", title, name)


@router.get("/versions/{number}/report/whole")
def send_report(number: str) -> Response:
    """Returns a version's training report as it was written, in a sandbox: whatever it contains can do no harm."""
    return HTMLResponse(_with_report(number)[1], headers={"Content-Security-Policy": REPORT_POLICY})


def _with_report(number: str) -> tuple[int, bytes]:
    """Returns the version and its report. Raises: HTTPException 404 when there is none."""
    settings, ledger, _ = read_home()
    version = known_version(ledger, number)
    content = content_of(report_of(settings, ledger.state.versions[version]) if settings else None)
    if content is None:
        raise HTTPException(404, tr("The training report of version {version} no longer exists.", version=version))
    return version, content
