"""The REST port: accepts requests within limits of number, size and time, and lets threads answer them."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sentiment.model_server.core import Core
from sentiment.model_server.metrics import PATH, Metrics
from sentiment.model_server.refusal import Code, Refusal, refusal_of
from sentiment.model_server.rest import answer, parse_path
from sentiment.model_server.servable import Servable

log = logging.getLogger("sentiment.server")
TOO_LARGE, TOO_SLOW = 413, 408


@dataclass(frozen=True)
class RestLimits:
    """What the REST port holds at once; a time limit of 0 seconds is none."""

    threads: int = 16
    waiting: int = 256  # requests that wait for a thread
    seconds: float = 30.0  # for a request, from the end of its body
    seconds_for_body: float = 30.0
    body_bytes: int = 16 * 1024 * 1024
    all_bodies_bytes: int = 64 * 1024 * 1024


class RestApp:
    """The ASGI application. `metrics_path` is a second path for the metrics."""

    def __init__(self, core: Core[Servable], metrics: Metrics, limits: RestLimits, metrics_path: str | None) -> None:
        self._core, self._metrics, self._limits = core, metrics, limits
        self._metrics_paths = {PATH, metrics_path}
        self._threads = ThreadPoolExecutor(limits.threads, thread_name_prefix="rest")
        # Only the event loop's thread touches both.
        self._in_work = 0
        self._held_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = scope["raw_path"].decode("ascii", errors="replace")
        try:
            response = await self._respond(request, path)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _respond(self, request: Request, path: str) -> Response:
        if path in self._metrics_paths and request.method == "GET":
            return Response(
                await asyncio.to_thread(self._metrics.render), headers={"Content-Type": CONTENT_TYPE_LATEST}
            )
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.seconds_for_body or None):
                refused = await self._read(request, body)
            if refused:
                return refused
            if not path.lower().startswith("/v1/"):
                return _error(Code.NOT_FOUND.http_status, f"Not found: {path}")
            return await self._work(request.method, path, body)
        except TimeoutError:
            return _error(TOO_SLOW, f"the body must arrive within {self._limits.seconds_for_body:g} s", close=True)
        finally:
            self._held_bytes -= len(body)

    async def _read(self, request: Request, body: bytearray) -> Response | None:
        """Fills `body`. A body that is too large is read on but dropped, so that the client can hear the refusal."""
        limit, size, full = self._limits.body_bytes, 0, False
        async for chunk in request.stream():
            size += len(chunk)
            full = full or self._held_bytes + len(chunk) > self._limits.all_bodies_bytes
            if size <= limit and not full:
                body += chunk
                self._held_bytes += len(chunk)
            elif size > 4 * limit:
                break
        if size > limit:
            return _error(TOO_LARGE, f"the body must be at most {limit} bytes", close=size > 4 * limit)
        return self._unavailable("The memory for requests is full") if full else None

    async def _work(self, http_method: str, path: str, body: bytearray) -> Response:
        """Lets a thread answer, if one has a place; when time is up, it stops waiting, but the thread goes on."""
        if self._in_work >= self._limits.threads + self._limits.waiting:
            return self._unavailable("The queue to which this request was submitted is full")
        seconds = self._limits.seconds or None
        deadline = time.monotonic() + seconds if seconds else None
        loop = asyncio.get_running_loop()
        self._in_work += 1
        answered = loop.run_in_executor(self._threads, self._answer, http_method, path, body, deadline)
        answered.add_done_callback(self._end_work)
        try:
            return await asyncio.wait_for(asyncio.shield(answered), seconds)
        except TimeoutError:
            return _refused(_timed_out())

    def _end_work(self, _: Any) -> None:
        self._in_work -= 1

    def _answer(self, http_method: str, path: str, body: bytearray, deadline: float | None) -> Response:
        try:
            if deadline and time.monotonic() > deadline:
                self._metrics.not_begun(Code.DEADLINE_EXCEEDED, "REST")
                raise _timed_out()
            content = answer(self._core, self._metrics, parse_path(http_method, path), body)
        except Exception as error:
            refusal = refusal_of(error)
            if refusal.code is Code.INTERNAL:
                log.exception("a request failed")
            return _refused(refusal)
        return Response(json.dumps(content, ensure_ascii=False), media_type="application/json")

    def _unavailable(self, message: str) -> Response:
        self._metrics.not_begun(Code.UNAVAILABLE, "REST")
        return _refused(Refusal(Code.UNAVAILABLE, message))

    def close(self) -> None:
        """Ends the threads; nobody waits for what they still compute."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _timed_out() -> Refusal:
    return Refusal(Code.DEADLINE_EXCEEDED, "Timed out before the answer was there")


def _refused(refusal: Refusal) -> Response:
    return _error(refusal.code.http_status, str(refusal))


def _error(http_status: int, message: str, *, close: bool = False) -> Response:
    content = json.dumps({"error": message}, ensure_ascii=False).encode("utf-8", errors="replace")
    headers = {"Connection": "close"} if close else None  # the rest of the body is never read
    return Response(content, http_status, headers, media_type="application/json")
