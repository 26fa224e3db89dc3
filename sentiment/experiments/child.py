"""Runs a part of an experiment in a process of its own, so that it neither shares memory nor takes others down.

The child ends with the process that started it, even when that is killed: a restarted sweep must not meet a training
of the first one.
"""

from __future__ import annotations

import subprocess
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sentiment import atomic, processes
from sentiment.step import say

⟦⟪PR_SET_PDEATHSIG = 1  # from <sys/prctl.h>; it is the starting thread whose end counts: start children from the main one
⟫PR_SET_PDEATHSIG = 1  # from <sys/prctl.h>; the end of the starting thread counts, so start children from the main one
⟧LAST_LINES = 20
REFUSED = 2  # the exit code of a verb that refused its input: another try would change nothing


class Failed(Exception):
    """A child ended without a result; the text says why in one line."""

    def __init__(self, why: str, *, refused: bool = False) -> None:
        super().__init__(why)
        self.refused = refused


def ⟦⟪start(module: str, arguments: Sequence[str], **pipes: Any) -> subprocess.Popen[str]:
    """Starts `python -m module arguments`."""
    parent = os.getpid()
    library = ctypes.CDLL(None, use_errno=True)

    def die_with_parent() -> None:
        library.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before that was said
            os.kill(os.getpid(), signal.SIGKILL)

    command = [sys.executable, "-m", module, *arguments]
    return subprocess.Popen(command, text=True, encoding="utf-8", errors="replace", preexec_fn=die_with_parent, **pipes)


def ⟫start(module: str, arguments: Sequence[str], **pipes: Any) -> subprocess.Popen[str]:
    """Starts `python -m module arguments`."""
    parent = os.getpid()
    library = ctypes.CDLL(None, use_errno=True)

    def die_with_parent() -> None:
        library.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent died before prctl was called
            os.kill(os.getpid(), signal.SIGKILL)

    command = [sys.executable, "-m", module, *arguments]
    return subprocess.Popen(command, text=True, encoding="utf-8", errors="replace", preexec_fn=die_with_parent, **pipes)


def ⟧result_of(module: str, arguments: Sequence[str], result: Path) -> dict[str, Any]:
    """Runs a verb with `--result` and returns the result; passes on its messages. Raises: Failed."""
    result.parent.mkdir(parents=True, exist_ok=True)
    result.unlink(missing_ok=True)
    last: deque[str] = deque(maxlen=LAST_LINES)
    options = [*arguments, "--result", str(result)]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with processes.running(module, options, **pipes) as process:
        for line in process.stderr or ():
            last.append(line.rstrip())
            say(f"    {line.rstrip()}")
        process.wait()
    found = atomic.read_json(result) or {}
    if process.returncode == 0 and found and "error" not in found:
        return found
    why = found.get("error") or processes.why_ended(process.returncode, last)
    raise Failed(why, refused=process.returncode == REFUSED)
⟦⟪

def reason(code: int, last: Sequence[str]) -> str:
    """Says why a process ended that left no reason itself."""
    if code < 0:
        name = signal.Signals(-code).name
        return f"killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")
    said = [line for line in last if line.strip()]
    return said[-1][:300] if said else f"exit code {code}"
⟫

def reason(code: int, last: Sequence[str]) -> str:
    """Returns why a process ended that left no reason itself."""
    if code < 0:
        name = signal.Signals(-code).name
        return f"killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")
    said = [line for line in last if line.strip()]
    return said[-1][:300] if said else f"exit code {code}"
⟧