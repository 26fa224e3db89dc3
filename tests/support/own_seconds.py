"""What a test's own thread computes: a bound far above what is right, and far below what is wrong."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def of_process(pid: int) -> Callable[[], float]:
    """Returns a clock of another process of this machine: the seconds of processor time that all its threads took."""
    clock = ~pid << 3 | 2  # as clock_getcpuclockid(3) makes it

    def now() -> float:
        return time.clock_gettime(clock)

    return now


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
