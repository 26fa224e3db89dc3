"""Runs a command for as long as its own stdin is open: `python -m sentiment.validation.keeper FOLDER COMMAND …`.

A killed process cannot tidy up, but its end of a pipe closes in any case. Then this module kills the command and all
that it started, and deletes FOLDER. It prints the command's process id, which leaves /proc when the command ends.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading


def keep(folder: str, command: list[str]) -> None:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, start_new_session=True)
    print(process.pid, flush=True)
    reaper = threading.Thread(target=process.wait)
    reaper.start()
    sys.stdin.buffer.read()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    reaper.join()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    keep(sys.argv[1], sys.argv[2:])
