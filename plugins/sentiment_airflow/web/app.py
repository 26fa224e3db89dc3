"""The routes. Each needs an Airflow login and the right to read the runs of `sentiment_retrain`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated
from urllib.parse import parse_qs

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException as AnyHTTPException

from sentiment.errors import InputError
from sentiment.models_page.experiment_page import experiment_of, experiment_page, plot_of
from sentiment.models_page.history import Filters
from sentiment.models_page.ledger import Ledger, trusted_ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.overview import overview
from sentiment.models_page.run_files import report_of
from sentiment.models_page.trying import sentences_of, try_out
from sentiment.models_page.version_page import version_page
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings
from sentiment_airflow.steps import step_settings
from sentiment_airflow.web.airflow_links import home_of, links_of, run_path
from sentiment_airflow.web.pages import FRAME, PAGE_POLICY, PICTURE_POLICY, REPORT_POLICY, compile_templates, rendered
from sentiment_airflow.web.same_origin import require_same_origin
from sentiment_airflow.workflows import EXPERIMENT, RETRAIN

LARGEST_FORM = 256 << 10  # bytes: ten sentences of 2,000 characters, percent-encoded
may_read = requires_access_dag("GET", DagAccessEntity.RUN, RETRAIN)
app = FastAPI(
    title="Sentiment models", openapi_url=None, docs_url=None, redoc_url=None, dependencies=[Depends(may_read)]
)


def prepare() -> None:
    """Compiles the templates and reads the history, so that the first request need not wait for either."""
    compile_templates()
    _read()


@app.middleware("http")
async def with_headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Adds the headers of every answer: no scripts, nothing from other sites, nothing kept in a cache."""
    response = await answer(request)
    response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"  # with "no-referrer", a browser hides a form's origin
    response.headers["Cache-Control"] = "no-store"
    return response


@app.get("/")
def show_overview(request: Request) -> HTMLResponse:
    """Shows stable and canary, accuracy over versions, the newest versions, the history, and the box."""
    settings, ledger, notices = _read()
    page = overview(ledger, settings, request.query_params, notices) if settings else None
    return _page(request, "overview.html", notices, page=page, tried=None, box="")


@app.get("/frame.js")
def show_frame() -> Response:
    """Returns the script that Airflow's window runs to show the page inside Airflow."""
    return Response(FRAME, media_type="text/javascript")


@app.get("/versions/{number}")
def show_version(request: Request, number: str) -> HTMLResponse:
    """Shows one version: comparison, confusion, flips, data, checks, links."""
    settings, ledger, notices = _read()
    version = _known(ledger, number)
    if not settings:
        return _page(request, "overview.html", notices, page=None, tried=None, box="")
    page = version_page(ledger, version, settings, notices)
    links = links_of(page.run, version)
    return _page(request, "version.html", notices, page=page, links=links)


@app.get("/versions/{number}/report")
def show_report(number: str) -> Response:
    """Returns a version's training report as it was written, in a sandbox: whatever it contains can do no harm."""
    settings, ledger, _ = _read()
    version = ledger.state.versions[_known(ledger, number)]
    path = report_of(settings, version) if settings else None
    try:
        content = path.read_bytes() if path else None
    except OSError:
        content = None
    if content is None:
        raise HTTPException(404, f"The training report of version {version.number} no longer exists.")
    return HTMLResponse(content, headers={"Content-Security-Policy": REPORT_POLICY})


@app.get("/experiments/{run}")
def show_experiment(request: Request, run: str) -> HTMLResponse:
    """Shows one experiment: table, failures, plot, data, its run."""
    settings, _, notices = _read()
    if not settings:
        return _page(request, "overview.html", notices, page=None, tried=None, box="")
    page = experiment_page(_experiment(settings, run), settings, notices)
    link = run_path(EXPERIMENT, page.run)
    response = _page(request, "experiment.html", notices, page=page, link=link)
    response.headers["Content-Security-Policy"] = PICTURE_POLICY
    return response


@app.get("/experiments/{run}/plot.png")
def show_plot(run: str) -> Response:
    """Returns an experiment's plot."""
    settings, _, _ = _read()
    content = plot_of(settings, _experiment(settings, run)) if settings else None
    if content is None:
        raise HTTPException(404, "This experiment has no plot.")
    return Response(content, media_type="image/png")


async def box_of(request: Request) -> str:
    """Returns the text in the form's box. Raises: HTTPException 413 when it is larger than anything that fits."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_FORM:
            raise HTTPException(413, "The text is too long to try at once.")
    try:
        fields = parse_qs(body.decode("ascii", "replace"), max_num_fields=10, keep_blank_values=True)
    except ValueError:
        fields = {}
    return fields.get("sentences", [""])[0]


@app.post("/try", dependencies=[Depends(require_same_origin)])
def try_sentences(request: Request, box: Annotated[str, Depends(box_of)]) -> HTMLResponse:
    """Shows what stable and canary say about the sentences in the box."""
    settings, ledger, notices = _read()
    sentences, sides = [], []
    try:
        sentences = sentences_of(box)
        sides = try_out(sentences, ledger.state, settings) if settings else []
    except ValueError as error:
        notices.add(str(error))
    return _page(request, "try.html", notices, sentences=sentences, sides=sides, box=box)


@app.exception_handler(AnyHTTPException)
async def show_refusal(request: Request, error: AnyHTTPException) -> HTMLResponse:
    """Shows a refusal as a page: what is wrong and, when a login is missing, where to log in."""
    login = get_auth_manager().get_url_login(next_url=request.url.path) if error.status_code == 401 else ""
    context = {"status": error.status_code, "detail": str(error.detail), "login": login}
    response = _page(request, "refusal.html", Notices(), **context)
    response.status_code = error.status_code
    return response


def _read() -> tuple[Settings | None, Ledger, Notices]:
    """Returns settings and ledger; when an environment variable is wrong, no settings but a notice."""
    notices, settings = Notices(), None
    try:
        settings = step_settings()
    except InputError as error:
        notices.add(f"What is served cannot be shown: {error}")
    ledger = trusted_ledger(settings) if settings else Ledger()
    for line in ledger.notices:
        notices.add(line)
    return settings, ledger, notices


def _known(ledger: Ledger, number: str) -> int:
    """Returns the version with that number. Raises: HTTPException 404 when there is none."""
    if number.isascii() and number.isdecimal() and len(number) < 20 and int(number) in ledger.state.versions:
        return int(number)
    raise HTTPException(404, "There is no such version.")


def _experiment(settings: Settings, run: str) -> RunFolder:
    """Returns the experiment with that name. Raises: HTTPException 404 when there is none."""
    if (folder := experiment_of(settings, run)) is None:
        raise HTTPException(404, "There is no such experiment.")
    return folder


def _page(request: Request, template: str, notices: Notices, **context: object) -> HTMLResponse:
    shared = {"root": request.scope["root_path"], "airflow": home_of(request), "notices": notices.lines}
    return HTMLResponse(rendered(template, **shared, filters=Filters(), **context))
