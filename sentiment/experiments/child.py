"""Runs a part of an experiment in a process of its own, so that it neither shares memory nor takes others down.

The child ends with the process that started it, even when that is killed: a restarted sweep must not meet a training
of the first one.
"""

from __future__ import annotations

import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sentiment import atomic, processes
from sentiment.language import tr
from sentiment.step import say

LAST_LINES = 20
REFUSED = 2  # the exit code of a verb that refused its input: another try would change nothing


class Failed(Exception):
    """A child ended without a result; the text says why in one line."""

    def __init__(self, why: str, *, refused: bool = False) -> None:
        super().__init__(why)
        self.refused = refused


def result_of(module: str, arguments: Sequence[str], result: Path, seconds: float | None = None) -> dict[str, Any]:
    """Runs a verb with `--result` and returns the result; passes on its messages. Raises: Failed.

    `seconds`: it is killed when it takes longer.
    """
    result.parent.mkdir(parents=True, exist_ok=True)
    result.unlink(missing_ok=True)
    last: deque[str] = deque(maxlen=LAST_LINES)
    options = [*arguments, "--result", str(result)]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with processes.running(module, options, **pipes) as process, killed_after(process, seconds) as late:
        for line in process.stderr or ():
            last.append(line.rstrip())
            say(f"    {line.rstrip()}")
        process.wait()
    if late.is_set():
        raise Failed(tr("it took longer than {seconds} s and was killed", seconds=f"{seconds:g}"))
    found = atomic.read_json(result) or {}
    if process.returncode == 0 and found and "error" not in found:
        return found
    why = found.get("error") or processes.why_ended(process.returncode, last)
    raise Failed(why, refused=process.returncode == REFUSED)


@contextmanager
def killed_after(process: subprocess.Popen[str], seconds: float | None) -> Iterator[threading.Event]:
    """Kills the process when the context lasts longer; yields what is then set. None: it may last."""
    late = threading.Event()

    def kill() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds or 0, kill)
    if seconds is not None:
        timer.start()
    try:
        yield late
    finally:
        timer.cancel()
