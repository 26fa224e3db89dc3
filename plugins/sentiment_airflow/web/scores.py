"""The routes of a version's scores of the archive: the page that says what changed since the version before."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from sentiment.language import tr
from sentiment.models_page.scored import comparison_shown
from sentiment_airflow.web.pages import REPORT_POLICY
from sentiment_airflow.web.showing import framed, known_version, read_home

router = APIRouter()


@router.get("/versions/{number}/scores")
def show_changes(request: Request, number: str) -> HTMLResponse:
    """Shows what changed in the archive's scores, in a frame, below the way back to the version."""
    version = _with_page(number)[0]
    title = tr("What version {version} changed in the archive", version=version)
    return framed(request, version, "scores", title, tr("what changed in the archive"))


@router.get("/versions/{number}/scores/whole")
def send_changes(number: str) -> Response:
    """Returns that page in the reader's language, in a sandbox: it quotes posts, which strangers wrote."""
    return HTMLResponse(_with_page(number)[1], headers={"Content-Security-Policy": REPORT_POLICY})


def _with_page(number: str) -> tuple[int, bytes]:
    """Returns the version and its page. Raises: HTTPException 404 when there is none."""
    settings, ledger, _ = read_home()
    version = known_version(ledger, number)
    try:
        content = comparison_shown(settings, version) if settings else None
    except OSError:
        content = None
    if content is None:
        raise HTTPException(
            404, tr("There is no page of what version {version} changed in the archive.", version=version)
        )
    return version, content
