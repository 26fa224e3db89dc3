"""The REST port: accepts requests within limits of number, size and time, and lets threads answer them."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sentiment.model_server.access import Access
from sentiment.model_server.admission import ALL_BYTES, MAX_BYTES, Admission
from sentiment.model_server.core import Core
from sentiment.model_server.fair import Caller, Share, Turnstile
from sentiment.model_server.metrics import PATH, Metrics
from sentiment.model_server.refusal import Code, Refusal, refusal_of
from sentiment.model_server.rest import answer, parse_path
from sentiment.model_server.servable import Servable

log = logging.getLogger("sentiment.server")
TOO_LARGE, TOO_SLOW = 413, 408
TWO_LENGTHS = "a request must have Content-Length or Transfer-Encoding, not both"


@dataclass(frozen=True)
class RestLimits:
    """What the REST port holds at once; a time limit of 0 seconds is none."""

    threads: int = 16
    waiting: int = 256  # requests that wait for a thread
    seconds: float = 30.0  # for a request, from the end of its body
    seconds_for_body: float = 30.0
    body_bytes: int = MAX_BYTES
    all_bodies_bytes: int = ALL_BYTES  # of both ports together; one client may hold half


class RestApp:
    """The ASGI application.

    `metrics_path` is a second path for the metrics; `is_open` tells whether a client's connection is.
    """

    def __init__(
        self,
        core: Core[Servable],
        metrics: Metrics,
        limits: RestLimits,
        metrics_path: str | None,
        access: Access,
        admission: Admission,
        is_open: Callable[[Any], bool],
    ) -> None:
        self._core, self._metrics, self._limits = core, metrics, limits
        self._access, self._admission, self._is_open = access, admission, is_open
        self._metrics_paths = {PATH, metrics_path}
        places = 2 * (limits.threads + limits.waiting)  # of which one client may have half
        self._places, self._running = Share(places), Turnstile(limits.threads)
        self._threads = ThreadPoolExecutor(places, thread_name_prefix="rest")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = scope["raw_path"].decode("ascii", errors="replace")
        try:
            response = await self._respond(request, path)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _respond(self, request: Request, path: str) -> Response:
        try:
            self._access.require(request.scope["headers"])
        except Refusal as refusal:
            return _error(refusal.code.http_status, str(refusal), close=True)
        if {b"content-length", b"transfer-encoding"} <= {name for name, _ in request.scope["headers"]}:
            return _error(Code.INVALID_ARGUMENT.http_status, TWO_LENGTHS, close=True)
        if path in self._metrics_paths and request.method == "GET":
            return Response(
                await asyncio.to_thread(self._metrics.render), headers={"Content-Type": CONTENT_TYPE_LATEST}
            )
        with ExitStack() as held:
            body, client = bytearray(), _caller(request).client
            held.callback(lambda: self._admission.give_back(client, len(body)))
            try:
                async with asyncio.timeout(self._limits.seconds_for_body or None):
                    refused = await self._read(request, body, client)
            except TimeoutError:
                return _error(TOO_SLOW, f"the body must arrive within {self._limits.seconds_for_body:g} s", close=True)
            if refused:
                return refused
            if not path.lower().startswith("/v1/"):
                return _error(Code.NOT_FOUND.http_status, f"Not found: {path}")
            return await self._work(request, path, body, held)

    async def _read(self, request: Request, body: bytearray, client: str) -> Response | None:
        """Fills `body`. A body that is too large is read on but dropped, so that the client can hear the refusal."""
        limit, size, full = self._limits.body_bytes, 0, False
        async for chunk in request.stream():
            size += len(chunk)
            if size <= limit and not full and not (full := not self._admission.take(client, len(chunk))):
                body += chunk
            elif size > 4 * limit:
                break
        if size > limit:
            return _error(TOO_LARGE, f"the body must be at most {limit} bytes", close=size > 4 * limit)
        return self._unavailable("The memory for requests is full") if full else None

    async def _work(self, request: Request, path: str, body: bytearray, held: ExitStack) -> Response:
        """Lets a thread answer, if one has a place; when time is up, it stops waiting, but the thread goes on.

        What is `held` is given back when the thread has ended.
        """
        caller, seconds = _caller(request), self._limits.seconds or None
        if not self._places.take(caller.client):
            return self._unavailable("The queue to which this request was submitted is full")
        held.callback(self._places.give_back, caller.client)
        address, until = request.scope["client"], time.monotonic() + seconds if seconds else None
        caller = replace(caller, is_there=lambda: self._is_open(address), until=until)
        loop, ends = asyncio.get_running_loop(), held.pop_all()
        answered = loop.run_in_executor(self._threads, self._answer, request.method, path, body, caller)
        answered.add_done_callback(lambda _: ends.close())
        try:
            return await asyncio.wait_for(asyncio.shield(answered), seconds)
        except TimeoutError:
            return _refused(_timed_out())

    def _answer(self, http_method: str, path: str, body: bytearray, caller: Caller) -> Response:
        try:
            call = parse_path(http_method, path)
            with self._turn(caller) if http_method == "POST" else nullcontext():  # nobody waits to see the status
                content = answer(self._core, self._metrics, call, body, self._admission, caller)
        except Exception as error:
            refusal = refusal_of(error)
            if refusal.code is Code.INTERNAL:
                log.exception("a request failed")
            return _refused(refusal)
        return Response(json.dumps(content, ensure_ascii=False), media_type="application/json")

    @contextmanager
    def _turn(self, caller: Caller) -> Iterator[None]:
        with ExitStack() as inside:
            try:
                inside.enter_context(self._running.enter(caller))
                caller.require()
            except Refusal as refusal:
                self._metrics.not_begun(refusal.code, "REST")
                raise
            yield

    def _unavailable(self, message: str) -> Response:
        self._metrics.not_begun(Code.UNAVAILABLE, "REST")
        return _refused(Refusal(Code.UNAVAILABLE, message))

    def close(self) -> None:
        """Ends the threads; nobody waits for what they still compute."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _caller(request: Request) -> Caller:
    host, port = request.scope["client"] or ("", 0)
    return Caller((host, str(port)))


def _timed_out() -> Refusal:
    return Refusal(Code.DEADLINE_EXCEEDED, "Timed out before the answer was there")


def _refused(refusal: Refusal) -> Response:
    return _error(refusal.code.http_status, str(refusal))


def _error(http_status: int, message: str, *, close: bool = False) -> Response:
    content = json.dumps({"error": message}, ensure_ascii=False).encode("utf-8", errors="replace")
    headers = {"Connection": "close"} if close else None  # the rest of the body is never read
    return Response(content, http_status, headers, media_type="application/json")
