"""A form is accepted from this very site alone: a browser says where a request comes from, whatever a page pretends."""

from __future__ import annotations

from urllib.parse import urlsplit

from airflow.configuration import conf
from fastapi import HTTPException, Request


def require_same_origin(request: Request) -> None:
    """403 for a form that another site sent. Without any word on its origin it needs a token, which no browser adds."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    own = {request.headers.get("host", ""), urlsplit(conf.get("api", "base_url", fallback="")).netloc}
    if site is not None:
        accepted = site == "same-origin"
    elif origin is not None:
        accepted = urlsplit(origin).scheme in ("http", "https") and urlsplit(origin).netloc in own - {""}
    else:
        accepted = request.headers.get("authorization", "").lower().startswith("bearer ")
    if not accepted:
        raise HTTPException(403, "This form must be sent from the Models page itself.")
