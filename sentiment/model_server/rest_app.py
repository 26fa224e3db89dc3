"""The REST port: accepts requests within limits of number, size and time, and lets threads answer them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import re
import time
from http import HTTPStatus

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sentiment.model_server.access import Access
from sentiment.model_server.admission import Admission
from sentiment.model_server.connections import Address, Book
from sentiment.model_server.fair import Caller, Share
from sentiment.model_server.refusal import Code, Refusal
from sentiment.model_server.rest_answers import Asked, RestAnswers, page_of, refused, refused_with
from sentiment.model_server.rest_limits import Held, RestLimits
from sentiment.model_server.threads import Threads

METHODS = {"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"}  # `evhttp_server.cc:Initialize`
# What libevent takes for a URI (`evhttp_request.cc:decode`): RFC 3986, so other characters must be escaped.
_URI = re.compile(
    r"(?:[\w.~!$&'()*+,;=:@/?-]++|%[0-9A-Fa-f]{2})*+(?:#(?:[\w.~!$&'()*+,;=:@/?-]++|%[0-9A-Fa-f]{2})*+)?", re.A
)
# Bytes of an answer that are sent at a time. With TLS, a connection tells only of what comes behind it that it waits.
PIECE = 64 * 1024
NOBODY = ("", 0)  # a client without an address
TWO_LENGTHS = "a request must have Content-Length or Transfer-Encoding, not both"


class RestApp:
    """The ASGI application; `book` has the port's open connections."""

    def __init__(
        self, answers: RestAnswers, limits: RestLimits, access: Access, admission: Admission, book: Book
    ) -> None:
        self.answers, self._limits = answers, limits
        self._access, self._admission, self._book = access, admission, book
        self._places, self._places_to_look = Share(limits.places), Share(limits.places)
        self._threads = Threads(2 * limits.places, "rest", self._have_threads)

    def _have_threads(self, threads: int) -> None:
        for places in (self._places, self._places_to_look):
            places.resize(max(2, threads // 2))

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
            response = refused(refusal)
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
                for begin in range(0, max(1, len(response.body)), PIECE):
                    piece = bytes(response.body[begin : begin + PIECE])
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send({"type": "http.response.body", "body": b""})  # uvicorn waits before it until the rest is out
        except TimeoutError:
            self._book.cut(address)
            while (await receive())["type"] == "http.request":
                pass

    async def _respond(self, scope: Scope, receive: Receive) -> Response:
        headers, method = scope["headers"], scope["method"]
        try:
            self._access.require(headers)
        except Refusal as refusal:
            return refused_with(refusal.code.http_status, refusal.told, close=True)
        names = [name for name, _ in headers]
        if b"transfer-encoding" in names and b"content-length" in names:
            return refused_with(HTTPStatus.BAD_REQUEST, TWO_LENGTHS, close=True)
        if method not in METHODS:
            return page_of(HTTPStatus.NOT_IMPLEMENTED)
        target = _target(scope)
        if not _URI.fullmatch(target):
            return page_of(HTTPStatus.BAD_REQUEST)
        places = self._places if method == "POST" else self._places_to_look
        held = Held(self._admission, places, (scope["client"] or NOBODY)[0])
        try:
            return await self._read_and_work(Asked(method, target, headers), scope, receive, held)
        finally:
            if not held.of_thread:
                held.give_back()

    async def _read_and_work(self, asked: Asked, scope: Scope, receive: Receive, held: Held) -> Response:
        try:
            async with asyncio.timeout(self._limits.seconds_for_body or None):
                too_much = await self._read(receive, held)
        except TimeoutError:
            told = f"the body must arrive within {self._limits.seconds_for_body:g} s"
            return refused_with(HTTPStatus.REQUEST_TIMEOUT, told, close=True)
        if too_much:
            return too_much
        if not self.answers.has(asked):
            return page_of(HTTPStatus.NOT_FOUND)
        if not held.take_place():
            return self._unavailable("The queue to which this request was submitted is full")
        return await self._work(asked, scope["client"] or NOBODY, held)

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
            told = f"the body must be at most {limit} bytes"
            return refused_with(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, told, close=more)
        return self._unavailable("The memory for requests is full") if full else None

    async def _work(self, asked: Asked, address: Address, held: Held) -> Response:
        """Lets a thread answer; when time is up, it stops waiting, but the thread goes on.

        What is `held` is given back when the thread has ended.
        """
        seconds = self._limits.seconds or None
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
            response = self.answers.response(asked, held.body, caller)
            held.give_back()
            with contextlib.suppress(RuntimeError):  # the server has stopped, and nobody waits
                loop.call_soon_threadsafe(settle, response)

        held.of_thread = self._threads.begin(work)
        if not held.of_thread:
            return self._unavailable("The machine has no thread for this request")
        timer = loop.call_later(seconds, lambda: settle(refused(_timed_out()))) if seconds else None
        try:
            return await answered
        finally:
            if timer:
                timer.cancel()

    def _unavailable(self, message: str) -> Response:
        self.answers.metrics.not_begun(Code.UNAVAILABLE, "REST")
        return refused(Refusal(Code.UNAVAILABLE, message))

    def end_connections(self) -> None:
        """Ends those that are left, and with them what their clients wait for. May be called from any thread."""
        self._book.end()

    def close(self) -> None:
        """Ends the threads; nobody waits for what they still compute."""
        self._threads.close()


def _timed_out() -> Refusal:
    return Refusal(Code.DEADLINE_EXCEEDED, "Timed out before the answer was there")


def _target(scope: Scope) -> str:
    path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")
