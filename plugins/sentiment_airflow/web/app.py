"""The routes. Each needs an Airflow login and the right to read the runs of `sentiment_retrain`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException as AnyHTTPException

from sentiment.language import marked, recorded, speaking, tr
from sentiment.language.catalogue import LANGUAGES
from sentiment.models_page.experiment_page import experiment_of, experiment_page, plot_of
from sentiment.models_page.notices import Notices
from sentiment.models_page.overview import overview
from sentiment.models_page.trying import disagreements, sentences_of, title_of, try_out
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings
from sentiment_airflow.web import answers, compare, moves, run_files, scores, versions
from sentiment_airflow.web.airflow_links import run_path, run_paths
from sentiment_airflow.web.card_links import card_links
from sentiment_airflow.web.forms import Form, form_of
from sentiment_airflow.web.pages import FRAME, PAGE_POLICY, PICTURE_POLICY, compile_templates
from sentiment_airflow.web.reading import in_the_readers_language
from sentiment_airflow.web.same_origin import require_same_origin
from sentiment_airflow.web.showing import nothing_to_show, read_home, shown
from sentiment_airflow.web.waiting import waiting_for
from sentiment_airflow.workflows import EXPERIMENT, RETRAIN

LARGEST_FORM = 256 << 10  # bytes: ten sentences of 2,000 characters, percent-encoded
TOO_LONG = marked("The text is too long to try at once.")
# What Airflow and its framework say of a request that they refuse.
OF_AIRFLOW = (
    *(marked("Not authenticated"), marked("Invalid JWT token"), marked("Token Expired"), marked("Forbidden")),
    *(marked("Not Found"), marked("Method Not Allowed")),
)
may_read = requires_access_dag("GET", DagAccessEntity.RUN, RETRAIN)
app = FastAPI(
    title="Sentiment models", openapi_url=None, docs_url=None, redoc_url=None, dependencies=[Depends(may_read)]
)
app.include_router(versions.router)
app.include_router(answers.router)
app.include_router(moves.router)
app.include_router(compare.router)
app.include_router(run_files.router)
app.include_router(scores.router)


def prepare() -> None:
    """Compiles the templates, and reads the history and the catalogues: the first request need not wait for any."""
    compile_templates()
    read_home()
    for language in LANGUAGES:
        with speaking(language):
            recorded("a sentence that nobody recorded")


app.middleware("http")(in_the_readers_language)


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
def show_overview(request: Request, user: GetUserDep) -> HTMLResponse:
    """Shows what waits for a person, stable and canary, accuracy over versions, the versions, the history, the box."""
    settings, ledger, notices = read_home()
    page = overview(ledger, settings, request.query_params, notices) if settings else None
    runs = run_paths(RETRAIN, [one.run for one in page.refused]) if page else {}
    waiting = waiting_for(user, ledger, settings)
    links = card_links(user, ledger, waiting) if settings else {}
    found = {"page": page, "waiting": waiting, "links": links, "runs": runs, "tried": None, "box": ""}
    return shown(request, "overview.html", notices, 200, **found)


@app.get("/frame.js")
def show_frame() -> Response:
    """Returns the script that Airflow's window runs to show the page inside Airflow."""
    return Response(FRAME, media_type="text/javascript")


@app.get("/experiments/{run}")
def show_experiment(request: Request, run: str) -> HTMLResponse:
    """Shows one experiment: table, failures, plot, data, its run."""
    settings, _, notices = read_home()
    if not settings:
        return nothing_to_show(request, notices)
    page = experiment_page(_experiment(settings, run), settings, notices)
    link = run_path(EXPERIMENT, page.run)
    response = shown(request, "experiment.html", notices, page=page, link=link)
    response.headers["Content-Security-Policy"] = PICTURE_POLICY
    return response


@app.get("/experiments/{run}/plot.png")
def show_plot(run: str) -> Response:
    """Returns an experiment's plot."""
    settings, _, _ = read_home()
    content = plot_of(settings, _experiment(settings, run)) if settings else None
    if content is None:
        raise HTTPException(404, tr("This experiment has no plot."))
    return Response(content, media_type="image/png")


@app.post("/try", dependencies=[Depends(require_same_origin)])
def try_sentences(request: Request, form: Annotated[Form, Depends(form_of(LARGEST_FORM, TOO_LONG))]) -> HTMLResponse:
    """Shows what stable and canary say about the sentences in the box."""
    box, title = form.get("sentences", ""), form.get("title", "")
    settings, ledger, notices = read_home()
    sentences, sides = [], []
    try:
        sentences = sentences_of(box)
        title = title_of(title)
        sides = try_out(sentences, ledger.state, settings, title=title) if settings else []
    except ValueError as error:
        notices.add(str(error))
    differ = disagreements(sides)
    return shown(request, "try.html", notices, sentences=sentences, sides=sides, differ=differ, box=box, title=title)


@app.exception_handler(AnyHTTPException)
async def show_refusal(request: Request, error: AnyHTTPException) -> HTMLResponse:
    """Shows a refusal as a page: what is wrong and, when a login is missing, where to log in."""
    login = get_auth_manager().get_url_login(next_url=request.url.path) if error.status_code == 401 else ""
    context = {"code": error.status_code, "detail": recorded(str(error.detail)), "login": login}
    return shown(request, "refusal.html", Notices(), error.status_code, **context)


def _experiment(settings: Settings, run: str) -> RunFolder:
    """Returns the experiment with that name. Raises: HTTPException 404 when there is none."""
    if (folder := experiment_of(settings, run)) is None:
        raise HTTPException(404, tr("There is no such experiment."))
    return folder
