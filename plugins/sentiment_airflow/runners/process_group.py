"""A command and all its descendants, none of which outlives the process that started it.

    starter ── guard (a session of its own) ── command (again its own: the process group that is killed)

The guard waits for two things: the command's end, and the end of a pipe that only the starter holds open. The pipe
ends when the starter says stop, and also when the starter is killed with a signal that nobody can catch; so a
training run never goes on alone beside the retry that replaced it. The starter, an Airflow task, is itself the child
of a supervisor: when that one is killed, the starter stops the command. Needs Linux (`pidfd_open`), and nothing but
the standard library.
"""

from __future__ import annotations

import codecs
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

GRACE_SECONDS = 3.0  # between TERM and KILL. Airflow gives a task 5 s before it kills the task itself
KILL_SECONDS = 1.0  # that killed processes may take to be gone; where nobody reaps orphans, they never are
CHECK_SECONDS = 2.0  # how often a starter looks whether its own parent is still there
CHUNK_BYTES = 65536


class ProcessGroup:
    """A running command. `lines` yields what it says; `stop` ends it, with everything that it started."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], grace: float = GRACE_SECONDS) -> None:
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(grace), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=dict(environment),
        )
        self._guard_ended = os.pidfd_open(self._guard.pid)
        self._parent = os.getppid()

    def lines(self) -> Iterator[str]:
        """Yields stdout's and stderr's lines as they come, without empty ones, until the command has ended.

        A carriage return ends a line too: progress bars write nothing else.
        """
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        pending = ""
        for chunk in self._chunks():
            *whole, pending = re.split(r"[\r\n]+", pending + decode(chunk))
            yield from filter(str.strip, whole)
        if pending.strip():
            yield pending

    def _chunks(self) -> Iterator[bytes]:
        # A daemon that left the group may hold the pipe open for ever: the guard's end is an end too.
        assert self._guard.stdout
        output = self._guard.stdout.fileno()
        while True:
            ready = select.select([output, self._guard_ended], [], [], CHECK_SECONDS)[0]
            if os.getppid() != self._parent:
                self.stop()
            if output in ready and (chunk := os.read(output, CHUNK_BYTES)):
                yield chunk
            elif ready:
                return

    def stop(self) -> None:
        """Asks for the end: TERM to the whole group now, KILL after the grace period. Returns at once.

        Safe in a signal handler, and when the command has ended already.
        """
        assert self._guard.stdin
        self._guard.stdin.close()

    def wait(self) -> int:
        """Returns the command's exit code, 128 + n if signal n ended it. Read `lines` first: a full pipe blocks it."""
        code = self._guard.wait()
        return code if code >= 0 else 128 - code

    def close(self) -> None:
        """Stops what still runs and waits until it is gone."""
        assert self._guard.stdout
        self.stop()
        self._guard.wait()
        self._guard.stdout.close()
        os.close(self._guard_ended)


def guard(grace: float, command: Sequence[str]) -> int:
    """Runs `command` until it ends or stdin does, leaves nothing of its group behind, and returns its exit code."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    child_ended = os.pidfd_open(child.pid)
    if child_ended not in select.select([sys.stdin.fileno(), child_ended], [], [])[0]:
        os.killpg(child.pid, signal.SIGTERM)
        _wait_for_group(child, grace)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    code = child.wait()
    _wait_for_group(child, KILL_SECONDS)
    return code if code >= 0 else 128 - code


def _wait_for_group(child: subprocess.Popen[bytes], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            child.poll()  # a leader that nobody waited for would keep its group alive
            os.killpg(child.pid, 0)
            time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(guard(float(sys.argv[1]), sys.argv[2:]))
