"""Runs a thread that does one thing every so many seconds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger("sentiment.server")


class Periodic:
    """Calls `action` every `seconds` until `stop`; 0 seconds: never. It logs a failing call and goes on.

    The same failure is logged once until a call succeeds: a log must not fill the disk twice a second.
    """

    def __init__(self, name: str, seconds: float, action: Callable[[], None]) -> None:
        self._action, self._seconds = action, seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        if seconds > 0:
            self._thread.start()

    def _run(self) -> None:
        told = ""
        while not self._stop.wait(self._seconds):
            try:
                self._action()
                told = ""
            except Exception as error:
                if repr(error) != told:
                    log.exception("%s failed", self._thread.name)
                told = repr(error)

    def stop(self) -> None:
        """Returns when the thread has ended."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
