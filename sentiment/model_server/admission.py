"""What requests may hold at once: bytes, parses of large messages, and computation, shared fairly between clients."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from sentiment.model_server.fair import Caller, Share
from sentiment.model_server.refusal import Code, Refusal
from sentiment.model_server.turnstile import Turnstile
from sentiment.model_server.work import WORK

MAX_BYTES = 16 * 1024 * 1024  # of a message, after decompression
ALL_BYTES = 128 * 1024 * 1024  # of all messages together; one client may hold half
# In bytes; of messages of this size one is parsed at a time, because it becomes many objects; so of those that are
# unpacked.
LARGE = 128 * 1024
# In bytes; a larger answer counts until the client has it. Of smaller ones a client has no more than connections and
# calls, and they are not counted, so that its own large requests do not cost it their answers.
SMALL_ANSWER = 64 * 1024
MOST_VALUES = 2_000_000  # in one request: 1,024 posts of 512 tokens in three inputs are 1.6 million
_PIECE = 256 * 1024


class TooLarge(Refusal):
    """A message has more bytes than one may have, after decompression: RESOURCE_EXHAUSTED, over REST 413."""

    def __init__(self, most: int) -> None:
        super().__init__(Code.RESOURCE_EXHAUSTED, f"a message must have at most {most} bytes")


class Admission:
    """One server's limits, for both of its ports."""

    def __init__(self, all_bytes: int = ALL_BYTES, work: int = WORK) -> None:
        self._bytes, self._large = Share(all_bytes), Turnstile(1)
        # A computation whose client has left cannot be stopped. It keeps one core at most busy while others go on.
        self._work = Turnstile(work, shared=True, passed=1 if len(os.sched_getaffinity(0)) > 1 else 0)

    @contextmanager
    def holding(self, caller: Caller, data: bytes, most: int = MAX_BYTES) -> Iterator[bytes]:
        """Yields a gRPC message, decompressed; its bytes count as long as the context lasts.

        Raises:
            TooLarge: it is larger than `most` bytes.
            Refusal: RESOURCE_EXHAUSTED when too much is held already, INVALID_ARGUMENT when it is damaged.
        """
        with self._counting(caller, most) as take:
            take(len(data))
            window = _window(data)
            yield self._unpacked(caller, data, window, take) if window else data

    @contextmanager
    def unpacking(self, caller: Caller, body: bytes | bytearray, most: int) -> Iterator[bytes]:
        """Yields a body as it was before gzip; what comes out counts, beside the body, as long as the context lasts.

        Raises:
            TooLarge: it is larger than `most` bytes.
            Refusal: UNAVAILABLE when too much is held already, INVALID_ARGUMENT when it is damaged.
        """
        with self._counting(caller, most, Code.UNAVAILABLE) as take:
            yield self._unpacked(caller, body, 16 + zlib.MAX_WBITS, take)

    @contextmanager
    def _counting(
        self, caller: Caller, most: int, full: Code = Code.RESOURCE_EXHAUSTED
    ) -> Iterator[Callable[[int], None]]:
        held = 0

        def take(amount: int) -> None:
            nonlocal held
            if held + amount > most:
                raise TooLarge(most)
            if not self._bytes.take(caller.client, amount):
                raise Refusal(full, "The memory for requests is full")
            held += amount

        try:
            yield take
        finally:
            if held:
                self._bytes.give_back(caller.client, held)

    def _unpacked(self, caller: Caller, data: bytes | bytearray, window: int, take: Callable[[int], None]) -> bytes:
        with self._large.enter(caller):  # a small message may take long to unpack
            return _plain(data, window, take)

    def take(self, client: str, amount: int) -> bool:
        """Counts bytes that a client's message takes, unless it would be too many."""
        return self._bytes.take(client, amount)

    def give_back(self, client: str, amount: int) -> None:
        if amount:
            self._bytes.give_back(client, amount)

    def take_answer(self, client: str, size: int) -> int:
        """Counts an answer until its bytes are given back; returns those that count: of a small one none.

        Raises: Refusal (RESOURCE_EXHAUSTED) when the client would hold too much.
        """
        counted = size if size > SMALL_ANSWER else 0
        if counted and not self._bytes.take(client, counted):
            raise Refusal(Code.RESOURCE_EXHAUSTED, "The memory for answers is full")
        return counted

    def parsing(self, caller: Caller, size: int) -> AbstractContextManager[None]:
        """Waits, if a message of `size` bytes is large, until no other large one is parsed."""
        return self._large.enter(caller) if size >= LARGE else nullcontext()

    def computing(self, caller: Caller, work: int) -> AbstractContextManager[None]:
        """Waits for the turn of a computation of so much `work`."""
        return self._work.enter(caller, work)


def running(threads: int) -> Turnstile:
    """Returns the turnstile of a port: one client may have `threads` requests inside, and leaves room for others."""
    return Turnstile(2 * threads, shared=True)


def _plain(data: bytes | bytearray, window: int, take: Callable[[int], None]) -> bytes:
    """Returns a message as it was before it was compressed; calls `take` before each piece exists."""
    unpacker, pieces, left = zlib.decompressobj(window), list[bytes](), data
    try:
        while not unpacker.eof:
            take(_PIECE)
            pieces.append(unpacker.decompress(left, _PIECE))
            left = unpacker.unconsumed_tail
            if not (pieces[-1] or left):
                raise _damaged("its end is missing")
    except zlib.error as error:
        raise _damaged(str(error)) from None
    if unpacker.unused_data:
        raise _damaged("something follows its end")
    return b"".join(pieces)


def _damaged(why: str) -> Refusal:
    return Refusal(Code.INVALID_ARGUMENT, f"the compressed message is damaged: {why}")


def _window(data: bytes) -> int:
    """Returns zlib's number for how a message is compressed, 0: not at all. No request begins with these bytes."""
    if data[:2] == b"\x1f\x8b":
        return 16 + zlib.MAX_WBITS
    return zlib.MAX_WBITS if data[:1] == b"\x78" and int.from_bytes(data[:2], "big") % 31 == 0 else 0


def require_few(values: int) -> None:
    """Raises: Refusal when a tensor, or all of them together, have more values than a request may have."""
    if values > MOST_VALUES:
        raise Refusal(Code.INVALID_ARGUMENT, f"a request must have at most {MOST_VALUES} values; found {values}")
