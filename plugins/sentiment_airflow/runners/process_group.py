"""Runs a command so that neither it nor its descendants outlive the Airflow task that started it.

A guard (⟦`sentiment.processes.guarded`⟪a session of its own) ── command (again its own: the process group that is killed⟫a session of its own) ── command (another session: the process group that is killed⟧) ⟦ends ⟪waits for two things: ⟫waits for ⟧the command⟦⟪'s end, and the end of a pipe that only the starter holds open. The pipe
ends⟫'s end and for the end of a pipe that only the starter holds open. The pipe ends⟧ when
the task closes it, and also when the task is killed⟦⟪ with a signal that nobody can catch⟫ by a signal that nobody can catch⟧; so⟦
a training⟪ a
training⟫ a⟧ training never
continues alone beside the retry that replaced it. The task is itself the child of a supervisor:
when⟦
that⟪ that⟫ the⟧ supervisor is killed, the task stops the command.⟦⟪ Needs Linux (`pidfd_open`), and nothing but
the standard library.⟫ Needs Linux (`pidfd_open`) and only the standard
library.⟧
"""

from __future__ import annotations

import codecs
import os
import re
import select
import subprocess
from collections.abc import Iterator, Mapping, Sequence

from sentiment import processes

GRACE_SECONDS = 3.0  # between TERM and KILL. Airflow gives a task 5 s before it kills the task itself
⟦⟪KILL_SECONDS = 1.0  # that killed processes may take to be gone; where nobody reaps orphans, they never are
⟫KILL_SECONDS = 1.0  # the wait for killed processes to disappear; where nobody reaps orphans, they never do
⟧CHECK_SECONDS = 2.0  # how often a starter checks that its own parent still exists
CHUNK_BYTES = 65536


class ProcessGroup:
    """A running command. `lines` yields its output; `stop` ends it and everything that it started."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], grace: float = GRACE_SECONDS) -> None:
        self._guard = processes.guarded(
            command, grace, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=dict(environment)
        )
        self._guard_ended = os.pidfd_open(self._guard.pid)
        self._parent = os.getppid()

    def lines(self) -> Iterator[str]:
        """Yields the non-empty lines of stdout and stderr as they come, until the command has ended.

        A carriage return ends a line, too, because progress bars write no other line end.
        """
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        pending = ""
        for chunk in self._chunks():
            *whole, pending = re.split(r"[\r\n]+", pending + decode(chunk))
            yield from filter(str.strip, whole)
        if pending.strip():
            yield pending

    def _chunks(self) -> Iterator[bytes]:
        # A daemon that left the group may hold the pipe open for ever, so the guard's end counts as the end, too.
        assert self._guard.stderr
        output = self._guard.stderr.fileno()
        while True:
            ready = select.select([output, self._guard_ended], [], [], CHECK_SECONDS)[0]
            if os.getppid() != self._parent:
                self.stop()
            if output in ready and (chunk := os.read(output, CHUNK_BYTES)):
                yield chunk
            elif ready:
                return

    def stop(self) -> None:
        """Ends the command: TERM to the whole group now, KILL after the grace period. Returns at once.

        It is safe in a signal handler, and when the command has already ended.
        """
        assert self._guard.stdin
        self._guard.stdin.close()

    def wait(self) -> int:
        """Returns the exit code, 128 + n after signal n. Read `lines` first: a full pipe blocks the command."""
        return processes.exit_code(self._guard.wait())

    def close(self) -> None:
        """Stops whatever still runs and waits until it is gone."""
        assert self._guard.stderr
        self.stop()
        self._guard.wait()
        self._guard.stderr.close()
        os.close(self._guard_ended)
⟦⟪

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
⟫

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
            child.poll()  # a group leader that nobody waits for keeps its group alive
            os.killpg(child.pid, 0)
            time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(guard(float(sys.argv[1]), sys.argv[2:]))
⟧