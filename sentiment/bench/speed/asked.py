"""A child process that does its work when it is asked to, and is measured while it does: time, processor, memory."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

from sentiment import processes
from sentiment.experiments import child

ANSWER = "answer "  # how a line begins that is meant for us; libraries print others


@dataclass(frozen=True)
class Turn:
    """One piece of work: seconds by the clock and of processor time, the process's peak memory, and what it said."""

    seconds: float
    processor: float
    peak_bytes: int
    said: Mapping[str, Any]


class Asked:
    """A process that is ready to work, as it said in `ready`."""

    def __init__(self, process: subprocess.Popen[str], complaints: IO[str]) -> None:
        self._process, self._complaints = process, complaints
        self.ready: dict[str, Any] = self.answer()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, question: Mapping[str, Any]) -> Turn:
        """Has the work done once. Raises: child.Failed when the process ends without an answer."""
        assert self._process.stdin
        begin, before = time.perf_counter(), self._processor()
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self.failed() from None
        said = self.answer()
        seconds, spent = time.perf_counter() - begin, self._processor() - before
        return Turn(seconds, spent, processes.memory_bytes(self._process.pid, "VmHWM"), said)

    def answer(self) -> dict[str, Any]:
        """Returns the next answer. Raises: child.Failed when the process ends without one."""
        for line in self._process.stdout or ():
            if line.startswith(ANSWER):
                found: dict[str, Any] = json.loads(line.removeprefix(ANSWER))
                return found
        raise self.failed()

    def failed(self) -> child.Failed:
        """Returns why the process ended."""
        code = self._process.wait()
        self._complaints.seek(0)
        return child.Failed(processes.why_ended(code, self._complaints.read().splitlines()))

    def _processor(self) -> float:
        try:
            return processes.processor_seconds(self._process.pid)
        except OSError:
            raise self.failed() from None


@contextmanager
def asked(command: Sequence[str], job: Mapping[str, Any], grace: float = 0.0) -> Iterator[Asked]:
    """Yields the process of `command` when it is ready; it ends with the context. Raises: child.Failed.

    Before it is killed, it has `grace` seconds after its stdin has ended, to end what it started.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": complaints}
        text = {"text": True, "encoding": "utf-8", "errors": "replace"}
        process = processes.start([*command, json.dumps(job)], **pipes, **text)
        try:
            yield Asked(process, complaints)
        finally:
            if grace and process.stdin:
                with suppress(BrokenPipeError, subprocess.TimeoutExpired):
                    process.stdin.close()
                    process.wait(grace)
            processes.end(process)
