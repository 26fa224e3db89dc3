"""What a test's own thread computes: a bound far above what is right, and far below what is wrong."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Holds what is done to so many seconds of this thread's processor time.

    Other threads have their own work, and a collection would visit all that earlier tests have left.
    """
    gc.disable()
    try:
        begin = time.thread_time()
        yield
        taken = time.thread_time() - begin
    finally:
        gc.enable()
    assert taken < seconds
