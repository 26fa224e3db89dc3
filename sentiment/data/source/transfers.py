"""How the bytes of an answer come: piece by piece, and asked for again when they stop coming."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from botocore.exceptions import (
    FlexibleChecksumError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from sentiment.data.source.store import ATTEMPTS, PIECE

BROKEN_OFF = (ReadTimeoutError, ResponseStreamingError, IncompleteReadError, FlexibleChecksumError)
Found = TypeVar("Found")


def pieces(body: Any, most: int, guarded: Callable[[], AbstractContextManager[None]] = nullcontext) -> Iterator[bytes]:
    """Yields the bytes of an answer; when there are more than `most`, one more."""
    while True:
        with guarded():
            piece: bytes = body.read(min(PIECE, most + 1))
        if not piece:
            return
        most -= len(piece)
        yield piece


def tried(action: Callable[[], Found]) -> Found:
    """Does what may break off, again and again for some seconds."""
    for attempt in range(1, ATTEMPTS):
        try:
            return action()
        except BROKEN_OFF:
            time.sleep(2**attempt / 8)
    return action()
