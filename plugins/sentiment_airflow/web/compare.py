"""The route that shows any two versions side by side; its address can be shared."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from sentiment.language import tr
from sentiment.models_page.comparison import comparison
from sentiment_airflow.web.showing import known_version, nothing_to_show, read_home, shown

router = APIRouter()


@router.get("/compare")
def compare(request: Request, a: str = "", b: str = "") -> HTMLResponse:
    """Shows the versions `a` and `b`: figures on the same rows, and what the history says of each."""
    settings, ledger, notices = read_home()
    if not settings:
        return nothing_to_show(request, notices)
    first, second = known_version(ledger, a.strip()), known_version(ledger, b.strip())
    if first == second:
        told = tr("Two versions are compared, and both are version {version}: choose another one.", version=first)
        raise HTTPException(404, told)
    page = comparison(ledger, first, second, settings, notices)
    return shown(request, "compare.html", notices, page=page)
