"""How a reader reads: in which language, and on which ground. Chosen here, or else as in Airflow, or by the setting."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from sentiment.language import speaking
from sentiment.language.catalogue import LANGUAGES
from sentiment.settings import language_of_people

CHOSEN, AIRFLOWS = "sentiment_language", "sentiment_airflow"  # cookies: chosen on the page; told by frame.js
THEMES = ("light", "dark")
A_YEAR = 365 * 24 * 3600  # seconds


async def in_the_readers_language(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Lets the page be said in its reader's language; `?language=…` chooses one, and leads back to the page."""
    asked = request.query_params.get("language")
    if asked in LANGUAGES and request.method == "GET":
        return _chosen(request, asked)
    with speaking(language_of(request.cookies)):
        return await answer(request)


def language_of(cookies: Mapping[str, str]) -> str:
    """Returns a reader's language: chosen on the page, or in Airflow, or else that of SENTIMENT_LANGUAGE."""
    told = (cookies.get(CHOSEN), _airflows(cookies)[0], language_of_people())
    return next(language for language in told if language in LANGUAGES)


def theme_of(cookies: Mapping[str, str]) -> str:
    """Returns `light` or `dark`, as Airflow looks; "" when it did not say: then as the reader's system looks."""
    theme = _airflows(cookies)[1]
    return theme if theme in THEMES else ""


def _airflows(cookies: Mapping[str, str]) -> tuple[str, str]:
    language, _, theme = cookies.get(AIRFLOWS, "").partition(".")
    return language, theme


def in_another_language(request: Request) -> dict[str, str]:
    """Returns the address of the page in each language; where a form's answer is shown, that of the first page."""
    path = request.url.path if request.method == "GET" else f"{request.scope['root_path']}/"
    kept = _other_parameters(request)
    return {language: f"{path}?{urlencode([*kept, ('language', language)])}" for language in LANGUAGES}


def _chosen(request: Request, language: str) -> Response:
    kept = _other_parameters(request)
    response = RedirectResponse(f"{request.url.path}{'?' if kept else ''}{urlencode(kept)}", 303)
    path = request.scope["root_path"] or "/"  # of these pages alone: Airflow's own have no use for it
    response.set_cookie(CHOSEN, language, max_age=A_YEAR, path=path, httponly=True, samesite="strict")
    return response


def _other_parameters(request: Request) -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.query_params.multi_items() if name != "language"]
