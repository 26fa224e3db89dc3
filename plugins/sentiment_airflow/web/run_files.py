"""The routes of what a refused run left: its training report, and the posts whose label looks wrong."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import HTMLResponse

from sentiment.language import tr
from sentiment.models_page.refused import report_of_run, suspects_of_run
from sentiment_airflow.web.pages import REPORT_POLICY
from sentiment_airflow.web.showing import content_of, read_home

router = APIRouter()


@router.get("/runs/{run}/report")
def show_report_of_run(run: str) -> Response:
    """Returns the training report of a run that need not be published, in a sandbox."""
    settings, _, _ = read_home()
    content = content_of(report_of_run(settings, run) if settings else None)
    if content is None:
        raise HTTPException(404, tr("The training report of this run no longer exists."))
    return HTMLResponse(content, headers={"Content-Security-Policy": REPORT_POLICY})


@router.get("/runs/{run}/suspects.json")
def show_suspects(run: str) -> Response:
    """Returns a run's posts whose label looks wrong, as a file for Label Studio."""
    settings, _, _ = read_home()
    content = content_of(suspects_of_run(settings, run) if settings else None)
    if content is None:
        raise HTTPException(404, tr("This run has no posts whose label looks wrong, or they no longer exist."))
    headers = {"Content-Disposition": "attachment; filename=suspects.json"}
    return Response(content, media_type="application/json", headers=headers)
