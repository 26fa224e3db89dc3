"""Runs a command so that neither it nor its descendants outlive the Airflow task that started it.

A guard (`sentiment.processes.guarded`) ends the command when the task stops it, and also when the task is killed; so a
training never continues alone beside the retry that replaced it. The task is itself the child of a supervisor: when
the supervisor is killed, the task stops the command.
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
CHECK_SECONDS = 2.0  # how often a starter checks that its own parent still exists
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
