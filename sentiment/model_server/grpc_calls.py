"""How a gRPC call is taken in: token first, then its place, its message, and only then its turn.

Each method is served as one that streams its request, of which the first message is read: on the wire that is the
same, and a call can be refused, and counted, before its message is read, let alone decompressed.
"""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

import grpc
from google.protobuf.message import DecodeError

from sentiment.model_server.access import Access
from sentiment.model_server.admission import Admission
from sentiment.model_server.fair import Caller, Share, client_at
from sentiment.model_server.refusal import Code, Refusal, refusal_of
from sentiment.model_server.threads import Threads
from sentiment.model_server.turnstile import Turnstile
from sentiment.model_server.unsent import Twice, Unsent
from sentiment.model_server.wire import require_countable

log = logging.getLogger("sentiment.server")
MAX_CONCURRENT_CALLS = 512  # running and waiting; one client may have half, any further call gets RESOURCE_EXHAUSTED
SPARE_THREADS = 32  # in which calls are refused while every place is taken
SECONDS_FOR_MESSAGE = 30.0
SECONDS_WHEN_OTHERS_WAIT = 5.0  # for a message, while other calls wait for their turn to be read
# Messages that are read at once; one client may have half of them: alone, 4, of 16 MB each. gRPC keeps what has come of
# a message until it is whole, where nothing counts it; of those that are not being read it takes some 64 KB.
MESSAGES_READ_AT_ONCE = 8
NO_METHOD = Refusal(Code.UNIMPLEMENTED, "Method not found!")
Work = Callable[[Any, Any, Caller], Any]  # request, context, caller → response


@dataclass
class Calls:
    """What all calls of a gRPC port share."""

    access: Access
    admission: Admission
    running: Turnstile
    reading: Turnstile = field(default_factory=lambda: Turnstile(MESSAGES_READ_AT_ONCE, shared=True))
    places: Share = field(default_factory=lambda: Share(MAX_CONCURRENT_CALLS))

    def __post_init__(self) -> None:
        self.threads = Threads(MAX_CONCURRENT_CALLS + SPARE_THREADS, "grpc", self._have_threads)
        self.unsent = Unsent(self.admission)
        self._awaited: dict[Any, float] = {}  # calls whose message is being read → since when
        self._lock = threading.Lock()

    def _have_threads(self, threads: int) -> None:
        """Leaves a share of the threads spare, however few there are: otherwise nobody could be refused."""
        self.places.resize(max(2, threads * MAX_CONCURRENT_CALLS // (MAX_CONCURRENT_CALLS + SPARE_THREADS)))

    def service(self, name: str, methods: Mapping[str, tuple[Any, Work]]) -> Any:
        """Returns the handler of a service; `methods` is name → (class of the request, what answers it)."""
        handlers = {
            method: grpc.stream_unary_rpc_method_handler(self._method(kind, work))
            for method, (kind, work) in methods.items()
        }
        return grpc.method_handlers_generic_handler(name, handlers)

    def others(self) -> Any:
        """Returns the handler of all methods that no service has."""
        return _Others(grpc.stream_unary_rpc_method_handler(lambda _, context: self._abort(context, NO_METHOD)))

    def _method(self, kind: Any, work: Work) -> Callable[[Iterator[bytes], Any], bytes]:
        def answer(messages: Iterator[bytes], context: Any) -> bytes:
            try:
                self.access.require(context.invocation_metadata())
                caller = _caller(context)
                with self._place(caller, context):
                    data = self._answer(kind, work, messages, context, caller)
                    self.unsent.hold(context, caller.client, len(data))
                    return data
            except grpc.RpcError:
                raise  # the client has left
            except Exception as error:  # noqa: BLE001 - one request's failure is its own answer
                self._abort(context, refusal_of(error))

        return answer

    @contextmanager
    def _place(self, caller: Caller, context: Any) -> Iterator[None]:
        if not self.places.take(caller.client):
            raise Refusal(Code.RESOURCE_EXHAUSTED, "Too many requests of this client run or wait")
        leave = Twice(functools.partial(self.places.give_back, caller.client))
        if not context.add_callback(leave):
            leave()
        try:
            yield
        finally:
            leave()

    def _answer(self, kind: Any, work: Work, messages: Iterator[bytes], context: Any, caller: Caller) -> bytes:
        with self.admission.holding(caller, self._first(messages, context, caller)) as data, self.running.enter(caller):
            caller.require()
            with self.admission.parsing(caller, len(data)):
                require_countable(kind.DESCRIPTOR, data)
                try:
                    request = kind.FromString(data)
                except DecodeError:
                    raise Refusal(Code.INVALID_ARGUMENT, f"the message must be a {kind.__name__}") from None
            response: bytes = work(request, context, caller).SerializeToString()
            return response

    def _abort(self, context: Any, refusal: Refusal) -> NoReturn:
        if refusal.code is Code.INTERNAL:
            log.error("a request failed: %s", refusal.told, exc_info=True)
        self.hold_small(context)
        context.abort(grpc.StatusCode[refusal.code.name], refusal.told)
        raise AssertionError("abort returns to nobody")

    def hold_small(self, context: Any) -> None:
        """Counts the answer of a call that needs no place, until it is out."""
        self.unsent.hold_small(context, client_of(context))

    def _first(self, messages: Iterator[bytes], context: Any, caller: Caller) -> bytes:
        with self.reading.enter(caller):
            with self._lock:
                self._awaited[context] = time.monotonic()
            try:
                return next(messages)
            except StopIteration:
                raise Refusal(Code.INVALID_ARGUMENT, "a call must have a message") from None
            finally:
                with self._lock:
                    del self._awaited[context]

    def end_silent(self) -> None:
        """Ends the calls whose message is late, or whose answer nobody takes; they hold a place each."""
        self.unsent.end_late()
        patience = min(SECONDS_FOR_MESSAGE, SECONDS_WHEN_OTHERS_WAIT) if self.reading.waiting else SECONDS_FOR_MESSAGE
        begun = time.monotonic() - patience
        with self._lock:
            late = [context for context, since in self._awaited.items() if since < begun]
        for context in late:
            context.cancel()


def _caller(context: Any) -> Caller:
    left = context.time_remaining()
    until = None if left is None else time.monotonic() + left
    return Caller((client_of(context), context.peer()), context.is_active, until)


def client_of(context: Any) -> str:
    """Returns the address of who calls."""
    return client_at(context.peer())


class _Others(grpc.GenericRpcHandler):
    def __init__(self, handler: Any) -> None:
        self._handler = handler

    def service(self, _: Any) -> Any:
        return self._handler
