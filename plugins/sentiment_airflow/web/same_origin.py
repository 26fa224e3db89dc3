"""Accepts forms from this very site only: the browser says where a request comes from, whatever a page pretends."""

from __future__ import annotations

from urllib.parse import urlsplit

from airflow.configuration import conf
from fastapi import HTTPException, Request

from sentiment.language import tr


def require_same_origin(request: Request) -> None:
    """Refuses (403) a form from another site; one without an origin needs a token, which no browser adds by itself."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        accepted = site == "same-origin"
    elif origin is not None:
        own = {request.headers.get("host", ""), urlsplit(conf.get("api", "base_url", fallback="")).netloc}
        accepted = _netloc(origin) in own - {""}
    else:
        accepted = request.headers.get("authorization", "").lower().startswith("bearer ")
    if not accepted:
        raise HTTPException(403, tr("This form must be sent from the Models page itself."))


def _netloc(origin: str) -> str:
    """Returns host and port of a web address; "" of anything else, also of what is no address."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return ""
    return parts.netloc if parts.scheme in ("http", "https") else ""
