"""A pool of threads of which the one that was busy last is busy next; those that were idle for long end.

The standard library's pool wakes the thread that is idle longest, and starts one more whenever a busy one has not yet
said that it is done. With as many threads as requests may wait, each request then runs in another thread, whose stack
the processor has long forgotten: a tenth of a small request's time. And its threads never end.
"""

from __future__ import annotations

import functools
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

SECONDS_IDLE = 30.0  # after which a thread ends
Work = Callable[[], object]  # which must not raise


class _Worker:
    """An idle thread: whoever takes it out of the list gives it work, or None to end it."""

    __slots__ = ("woken", "work")

    def __init__(self) -> None:
        self.work: Work | None = None
        self.woken = threading.Lock()
        self.woken.acquire()

    def wake(self, work: Work | None) -> None:
        self.work = work
        self.woken.release()


class Threads:
    """At most `most` threads; what is begun while all of them are busy waits for one.

    Where the machine, or a container's limit, gives fewer, `few` is told how many there are, so that less is let in;
    and `most` again as soon as one more could be started. It is called with this pool's lock held.
    """

    def __init__(self, most: int, name: str, few: Callable[[int], None] = lambda _: None) -> None:
        self._most, self._name, self._few = most, name, few
        self._is_short = False
        self._lock = threading.Lock()  # guards all that follows
        self._number = 0
        self._idle: list[_Worker] = []  # the one that was busy last is the last
        self._waiting: deque[Work] = deque()
        self._closed = False

    def begin(self, work: Work) -> bool:
        """Has a thread do `work`, which must not raise; False: there is no thread, and none can be started.

        Raises: RuntimeError when they are closed.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError("the threads are closed")
            if self._idle:
                self._idle.pop().wake(work)
            elif self._number == self._most or not self._start(work):
                if not self._number:
                    return False
                self._waiting.append(work)
            return True

    def _start(self, work: Work) -> bool:
        """Starts one more thread, if the machine gives one."""
        try:
            threading.Thread(target=self._run, args=(work,), name=self._name).start()
        except RuntimeError:
            self._is_short = True
            self._few(self._number)
            return False
        self._number += 1
        if self._is_short:
            self._is_short = False
            self._few(self._most)
        return True

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Has a thread call a function, as the standard library's pools do; gRPC wants this.

        It raises nothing for want of a thread: gRPC's own thread, which calls it, would end, and its port be dead. The
        call waits for the next one that comes when there is a thread.
        """
        future: Future[Any] = Future()
        work = functools.partial(_settle, future, call, *args, **kwargs)
        if not self.begin(work):
            with self._lock:
                self._waiting.append(work)
        return future

    def _run(self, work: Work | None) -> None:
        worker = _Worker()
        while work:
            work()
            work = None  # an idle thread keeps nothing
            work = self._next(worker)

    def _next(self, worker: _Worker) -> Work | None:
        """Returns what the thread does next; None when it ends, and counts no longer."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            if self._closed:
                self._number -= 1
                return None
            self._idle.append(worker)
        if not worker.woken.acquire(timeout=SECONDS_IDLE):
            with self._lock:
                if worker in self._idle:
                    self._idle.remove(worker)
                    self._number -= 1
                    return None
            worker.woken.acquire()  # it was woken just now
        work, worker.work = worker.work, None
        return work

    def close(self) -> None:
        """Begins nothing more, drops what waits, and ends each thread when it has nothing to do."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
            for worker in self._idle:
                worker.wake(None)
            self._number -= len(self._idle)
            self._idle.clear()


def _settle(future: Future[Any] | None, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> None:
    if not (future and future.set_running_or_notify_cancel()):
        return
    try:
        result = call(*args, **kwargs)
    except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
        future.set_exception(error)
        future = None  # the error leads back here, so both would stay in memory
    else:
        future.set_result(result)
