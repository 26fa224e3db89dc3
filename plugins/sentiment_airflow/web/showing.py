"""What every page begins with: the settings, the history, the notices; and how an answer is made of a template."""

from __future__ import annotations

from pathlib import Path

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse

from sentiment.errors import InputError
from sentiment.language import recorded, spoken, tr
from sentiment.language.catalogue import NAMES, TAGS
from sentiment.models_page.history import Filters
from sentiment.models_page.ledger import Ledger, trusted_ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.refusals import refusal
from sentiment.settings import Settings
from sentiment_airflow.steps import step_settings
from sentiment_airflow.web.airflow_links import home_of
from sentiment_airflow.web.pages import FRAME_POLICY, rendered
from sentiment_airflow.web.reading import in_another_language, theme_of


def read_home() -> tuple[Settings | None, Ledger, Notices]:
    """Returns settings and ledger; when an environment variable is wrong, no settings but a notice."""
    notices, settings = Notices(), None
    try:
        settings = step_settings()
    except InputError as error:
        notices.add(tr("What is served cannot be shown: {refusal}", refusal=refusal(error)))
    ledger = trusted_ledger(settings) if settings else Ledger()
    for line in ledger.notices:
        notices.add(recorded(line))
    return settings, ledger, notices


def known_version(ledger: Ledger, number: str) -> int:
    """Returns the version with that number. Raises: HTTPException 404 when there is none."""
    if number.isascii() and number.isdecimal() and len(number) < 20 and int(number) in ledger.state.versions:
        return int(number)
    raise HTTPException(404, tr("There is no such version."))


def shown(request: Request, template: str, notices: Notices, status: int = 200, **context: object) -> HTMLResponse:
    """Returns the page that a template makes of `context`."""
    shared = {"root": request.scope["root_path"], "airflow": home_of(request), "notices": notices.lines}
    reader = {
        "lang": TAGS[spoken()],
        "theme": theme_of(request.cookies),
        "languages": [(NAMES[one], TAGS[one], path) for one, path in in_another_language(request).items()],
    }
    return HTMLResponse(rendered(template, **shared, **reader, filters=Filters(), **context), status)


def framed(request: Request, version: int, path: str, title: str, name: str) -> HTMLResponse:
    """Shows the page at `path` of a version in a frame, below the way back to the version."""
    page = shown(request, "report.html", Notices(), number=version, path=path, title=title, name=name)
    page.headers["Content-Security-Policy"] = FRAME_POLICY
    return page


def nothing_to_show(request: Request, notices: Notices) -> HTMLResponse:
    """Returns the page of a home whose settings are wrong: the notices alone."""
    return shown(request, "overview.html", notices, page=None, waiting=None, tried=None, box="", runs={})


def content_of(path: Path | None) -> bytes | None:
    """Returns what a file holds; None when there is none, or none that can be read."""
    try:
        return path.read_bytes() if path else None
    except OSError:
        return None
