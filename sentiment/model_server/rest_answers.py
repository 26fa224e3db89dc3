"""Answers one request of the REST port, in a thread: in its turn, counted, with its body as it was before gzip.

Sources: `http_server.cc` (`ProcessRequest`, `ProcessPrometheusRequest`, `ToHTTPStatusCode`), `evhttp_request.cc`.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from sentiment.model_server.admission import Admission, TooLarge, running
from sentiment.model_server.core import Core
from sentiment.model_server.fair import Caller
from sentiment.model_server.metrics import PATH, Answered, Metrics
from sentiment.model_server.refusal import Code, Refusal, quoted, refusal_of
from sentiment.model_server.rest import answer, parse_path, require_origin
from sentiment.model_server.rest_limits import RestLimits
from sentiment.model_server.servable import Servable
from sentiment.model_server.turnstile import Turnstile

log = logging.getLogger("sentiment.server")
LOOK_AT_ONCE = 4  # at the status, the metadata or the metrics; one client may have half


@dataclass(slots=True)
class Asked:
    """The head of a request; `path` includes the query, as everywhere in the real server."""

    method: str
    path: str
    headers: Sequence[tuple[bytes, bytes]]

    @property
    def page(self) -> str:
        """The path without the query."""
        return self.path.partition("?")[0]

    @property
    def is_zipped(self) -> bool:
        encodings = (value for name, value in self.headers if name == b"content-encoding")
        return b"gzip" in next(encodings, b"")


class RestAnswers:
    """What a thread of the REST port does. `metrics_path` is a second path for the metrics."""

    def __init__(
        self,
        core: Core[Servable],
        metrics: Metrics,
        limits: RestLimits,
        metrics_path: str | None,
        admission: Admission,
    ) -> None:
        self._core, self.metrics, self._admission, self._most = core, metrics, admission, limits.body_bytes
        self._metrics_paths = {PATH, metrics_path}
        # Nobody waits for predictions to see the status or the metrics; those who look wait for each other.
        self.running, self.looking = running(limits.threads), Turnstile(LOOK_AT_ONCE, shared=True)

    def has(self, asked: Asked) -> bool:
        """Tells whether anything is at this path."""
        return asked.path[:4].lower() == "/v1/" or asked.page in self._metrics_paths

    def response(self, asked: Asked, body: bytearray, caller: Caller) -> Response:
        """Returns the answer, whatever happens."""
        try:
            if asked.page in self._metrics_paths:
                return self._metrics_page(asked, caller)
            with self.metrics.request("REST") as answered:
                content = self._content(asked, body, caller, answered)
        except TooLarge as error:
            return refused_with(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, error.told)
        except Exception as error:
            refusal = refusal_of(error)
            if refusal.code is Code.INTERNAL:
                log.exception("a request failed")
            return refused(refusal)
        return Response(content, media_type="application/json" if content else None)

    def _content(self, asked: Asked, body: bytearray, caller: Caller, answered: Answered) -> str:
        if asked.method == "OPTIONS":
            require_origin(asked.headers)
            return ""
        call = parse_path(asked.method, asked.path)
        answered.asked = call.name
        if asked.method == "GET":
            with self.looking.enter(caller):
                return _json(answer(self._core, answered, call, body, self._admission, caller))
        answered.api = call.method
        with self._unpacked(asked, body, caller) as plain, self.running.enter(caller), self.metrics.in_flight("REST"):
            answered.began = time.monotonic()
            return _json(answer(self._core, answered, call, plain, self._admission, caller))

    def _unpacked(self, asked: Asked, body: bytearray, caller: Caller) -> AbstractContextManager[bytes | bytearray]:
        return self._admission.unpacking(caller, body, self._most) if asked.is_zipped else nullcontext(body)

    def _metrics_page(self, asked: Asked, caller: Caller) -> Response:
        if asked.path != asked.page:
            told = f"Unexpected path: {quoted(asked.path)}. Should be {asked.page}"
            return Response(told, HTTPStatus.BAD_REQUEST, media_type="text/plain")
        with self.looking.enter(caller):
            return Response(self.metrics.page(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def refused(refusal: Refusal) -> Response:
    """Returns a refusal as an answer; one without a text has an empty body."""
    return refused_with(refusal.code.http_status, refusal.told)


def refused_with(http_status: int, message: str, *, close: bool = False) -> Response:
    """Returns `{"error": message}`; with `close` the connection ends, because the rest of the body is never read."""
    content = _json({"error": message}).encode("utf-8", errors="replace") if message else b""
    headers = {"Connection": "close"} if close else None
    return Response(content, http_status, headers, media_type="application/json")


def page_of(status: HTTPStatus) -> Response:
    """Returns an error outside the API: a page, and the end of the connection, as libevent answers it."""
    text = f"<html><head><title>{status} {status.phrase}</title></head><body><h1>{status.phrase}</h1></body></html>\n"
    return Response(text, status, {"Connection": "close", "Content-Type": "text/html"})


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False)
