"""What tests wait for, and what they tell a process while they do."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# In the place of `sentiment`: Python source in which `result(value)` leaves the step's result.
RESULT = """
import json, os, pathlib, signal, subprocess, sys, time
def result(value):
    path = next(pathlib.Path(text[9:]) for text in sys.argv if text.startswith("--result="))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
    print(json.dumps(value))
"""


def wait_until(condition: Callable[[], Any], seconds: float = 10) -> Any:
    """Returns what `condition` returns once it is true, or after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


@contextmanager
def terminated(handle: Callable[[], None], when: Callable[[], Any]) -> Iterator[None]:
    """Sends TERM to this process once `when` has returned; `handle` is called as Airflow does it, in the handler."""
    before = signal.signal(signal.SIGTERM, lambda *_: handle())

    def kill() -> None:
        when()
        os.kill(os.getpid(), signal.SIGTERM)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        killer.join()
        signal.signal(signal.SIGTERM, before)
