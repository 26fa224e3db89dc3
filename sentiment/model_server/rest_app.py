"""The REST port: accepts requests within limits of number, size and time, and lets threads answer them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import logging
import time
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sentiment.model_server.access import Access
from sentiment.model_server.admission import Admission, running
from sentiment.model_server.connections import Address, Book
from sentiment.model_server.core import Core
from sentiment.model_server.fair import Caller, Share
from sentiment.model_server.metrics import PATH, Metrics
from sentiment.model_server.refusal import Code, Refusal, quoted, refusal_of
from sentiment.model_server.rest import Call, answer, parse_path
from sentiment.model_server.rest_limits import Held, RestLimits
from sentiment.model_server.servable import Servable
from sentiment.model_server.threads import Threads
from sentiment.model_server.turnstile import Turnstile

log = logging.getLogger("sentiment.server")
TOO_LARGE, TOO_SLOW = 413, 408
LOOK_AT_ONCE = 4  # at the status, the metadata or the metrics; one client may have half
NOBODY = ("", 0)  # a client without an address
TWO_LENGTHS = "a request must have Content-Length or Transfer-Encoding, not both"


class RestApp:
    """The ASGI application.

    `metrics_path` is a second path for the metrics; `book` has the port's open connections.
    """

    def __init__(
        self,
        core: Core[Servable],
        metrics: Metrics,
        limits: RestLimits,
        metrics_path: str | None,
        access: Access,
        admission: Admission,
        book: Book,
    ) -> None:
        self._core, self._metrics, self._limits = core, metrics, limits
        self._access, self._admission, self._book = access, admission, book
        self._metrics_paths = {PATH, metrics_path}
        self._places, self._running = Share(limits.places), running(limits.threads)
        # Nobody waits for predictions to see the status or the metrics; those who look wait for each other.
        self._places_to_look, self._looking = Share(limits.places), Turnstile(LOOK_AT_ONCE, shared=True)
        self._threads = Threads(2 * limits.places, "rest")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._respond(scope, receive)
        except ClientDisconnect:
            return
        await self._send(response, scope, receive, send)

    async def _send(self, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends an answer, whose bytes count until it is out; ends the connection of a client that does not take it."""
        address, counted = scope["client"] or NOBODY, 0
        try:
            counted = self._admission.take_answer(address[0], len(response.body))
        except Refusal as refusal:
            response = _refused(refusal)
        try:
            await self._send_within(response, address, receive, send)
        finally:
            self._admission.give_back(address[0], counted)

    async def _send_within(self, response: Response, address: Address, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(self._limits.seconds_for_answer or None):
                await send(
                    {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
                )
                await send({"type": "http.response.body", "body": response.body, "more_body": True})
                await send({"type": "http.response.body", "body": b""})  # uvicorn waits before it until the rest is out
        except TimeoutError:
            self._book.cut(address)
            while (await receive())["type"] == "http.request":
                pass

    async def _respond(self, scope: Scope, receive: Receive) -> Response:
        path, headers = scope["raw_path"].decode("ascii", errors="replace"), scope["headers"]
        try:
            self._access.require(headers)
        except Refusal as refusal:
            return _error(refusal.code.http_status, refusal.told, close=True)
        names = [name for name, _ in headers]
        if b"transfer-encoding" in names and b"content-length" in names:
            return _error(Code.INVALID_ARGUMENT.http_status, TWO_LENGTHS, close=True)
        places = self._places if scope["method"] == "POST" else self._places_to_look
        held = Held(self._admission, places, (scope["client"] or NOBODY)[0])
        try:
            return await self._read_and_work(scope, receive, path, held)
        finally:
            if not held.of_thread:
                held.give_back()

    async def _read_and_work(self, scope: Scope, receive: Receive, path: str, held: Held) -> Response:
        try:
            async with asyncio.timeout(self._limits.seconds_for_body or None):
                refused = await self._read(receive, held)
        except TimeoutError:
            return _error(TOO_SLOW, f"the body must arrive within {self._limits.seconds_for_body:g} s", close=True)
        if refused:
            return refused
        if not (path.lower().startswith("/v1/") or self._is_metrics(scope["method"], path)):
            return _refused(Refusal(Code.NOT_FOUND, f"Not found: {quoted(path)}"))
        if not held.take_place():
            return self._unavailable("The queue to which this request was submitted is full")
        return await self._work(scope, path, held)

    async def _read(self, receive: Receive, held: Held) -> Response | None:
        """Reads the body. One that is too large is read on but dropped, so that the client can hear the refusal."""
        limit, size, full, more = self._limits.body_bytes, 0, False, True
        while more and size <= 4 * limit:
            message = await receive()
            if message["type"] != "http.request":
                raise ClientDisconnect
            chunk, more = message.get("body", b""), message.get("more_body", False)
            size += len(chunk)
            full = full or size > limit or not held.take_bytes(chunk)
        if size > limit:
            return _error(TOO_LARGE, f"the body must be at most {limit} bytes", close=more)
        return self._unavailable("The memory for requests is full") if full else None

    async def _work(self, scope: Scope, path: str, held: Held) -> Response:
        """Lets a thread answer; when time is up, it stops waiting, but the thread goes on.

        What is `held` is given back when the thread has ended.
        """
        seconds, address, method = self._limits.seconds or None, scope["client"] or NOBODY, scope["method"]
        caller = Caller(
            (address[0], str(address[1])),
            functools.partial(self._book.has, address),
            time.monotonic() + seconds if seconds else None,
        )
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Response] = loop.create_future()

        def settle(response: Response) -> None:
            if not answered.done():
                answered.set_result(response)

        def work() -> None:
            response = self._answer(method, path, held.body, caller)
            held.give_back()
            with contextlib.suppress(RuntimeError):  # the server has stopped, and nobody waits
                loop.call_soon_threadsafe(settle, response)

        held.of_thread = True
        self._threads.begin(work)
        timer = loop.call_later(seconds, lambda: settle(_refused(_timed_out()))) if seconds else None
        try:
            return await answered
        finally:
            if timer:
                timer.cancel()

    def _answer(self, http_method: str, path: str, body: bytearray, caller: Caller) -> Response:
        try:
            if self._is_metrics(http_method, path):
                with self._looking.enter(caller):
                    return Response(self._metrics.page(), headers={"Content-Type": CONTENT_TYPE_LATEST})
            call = parse_path(http_method, path)
            if http_method == "POST":
                content = self._answer_in_turn(call, body, caller)
            else:
                with self._looking.enter(caller):
                    content = answer(self._core, self._metrics, call, body, self._admission, caller)
        except Exception as error:
            refusal = refusal_of(error)
            if refusal.code is Code.INTERNAL:
                log.exception("a request failed")
            return _refused(refusal)
        return Response(json.dumps(content, ensure_ascii=False), media_type="application/json")

    def _is_metrics(self, http_method: str, path: str) -> bool:
        return http_method == "GET" and path in self._metrics_paths

    def _answer_in_turn(self, call: Call, body: bytearray, caller: Caller) -> dict[str, Any]:
        try:
            self._running.wait(caller)
        except Refusal as refusal:
            self._metrics.not_begun(refusal.code, "REST")
            raise
        try:
            return answer(self._core, self._metrics, call, body, self._admission, caller)
        finally:
            self._running.leave(caller)

    def _unavailable(self, message: str) -> Response:
        self._metrics.not_begun(Code.UNAVAILABLE, "REST")
        return _refused(Refusal(Code.UNAVAILABLE, message))

    def close(self) -> None:
        """Ends the threads; nobody waits for what they still compute."""
        self._threads.close()


def _timed_out() -> Refusal:
    return Refusal(Code.DEADLINE_EXCEEDED, "Timed out before the answer was there")


def _refused(refusal: Refusal) -> Response:
    return _error(refusal.code.http_status, refusal.told)


def _error(http_status: int, message: str, *, close: bool = False) -> Response:
    content = json.dumps({"error": message}, ensure_ascii=False).encode("utf-8", errors="replace")
    headers = {"Connection": "close"} if close else None  # the rest of the body is never read
    return Response(content, http_status, headers, media_type="application/json")
