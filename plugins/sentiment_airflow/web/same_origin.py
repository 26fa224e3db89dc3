"""Accepts forms from this very site only: the browser says where a request comes from, whatever a page pretends."""

from __future__ import annotations

from urllib.parse import urlsplit

from airflow.configuration import conf
from fastapi import HTTPException, Request

from sentiment.language import tr


def require_same_origin(request: Request) -> None:
    """Refuses (403) a form from another site; one without an origin needs a token, which no browser adds by itself."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    own = {request.headers.get("host", ""), urlsplit(conf.get("api", "base_url", fallback="")).netloc}
    if site is not None:
        accepted = site == "same-origin"
    elif origin is not None:
        accepted = urlsplit(origin).scheme in ("http", "https") and urlsplit(origin).netloc in own - {""}
    else:
        accepted = request.headers.get("authorization", "").lower().startswith("bearer ")
    if not accepted:
        raise HTTPException(403, tr("This form must be sent from the Models page itself."))
