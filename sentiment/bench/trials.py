"""Asks a process how much memory a batch takes, and starts another process after a batch that did not fit.

On a GPU, TensorFlow's allocator says when memory runs out. On a CPU, the whole machine runs out of memory, with other
processes; so the process is watched, and killed when it exceeds the limit.
"""

from __future__ import annotations

import json
import signal
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from sentiment import processes
from sentiment.bench.step_memory import CPU_MEMORY
from sentiment.experiments import child

MODULE = "sentiment.bench.step_memory"
SECONDS_BETWEEN_LOOKS = 0.02
# Killed by the watch, or by the kernel when memory ran out; or ended by C++ code that could not allocate.
OUT_OF_MEMORY = (signal.SIGKILL, signal.SIGABRT)


@dataclass(frozen=True)
class Trial:
    """The outcome of a batch: the peak memory in bytes and the seconds of a step; None when it did not fit."""

    batch: int
    bytes: int | None = None
    seconds: float | None = None

    @property
    def fits(self) -> bool:
        return self.bytes is not None


class Trials:
    """The measurements at one length. `limit` is in bytes; None on a GPU means all of it."""

    def __init__(self, arguments: Sequence[str], limit: int | None) -> None:
        self._arguments, self._limit = list(arguments), limit
        self._process: subprocess.Popen[str] | None = None
        self._open = ExitStack()
        self.about: dict[str, Any] = {}

    def __enter__(self) -> Trials:
        self._said = self._open.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace"))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end()
        self._open.close()

    def end(self) -> None:
        """Ends the process, so that the next trial has a new one, without leftovers of an earlier batch."""
        if self._process:
            processes.end(self._process)
            self._process = None

    def measure(self, batch: int, steps: int = 1) -> Trial:
        """Returns the outcome of `batch`. Raises: child.Failed when it failed for another reason than memory."""
        process = self._process or self._begin()
        answer = self._ask(process, f"{batch} {steps}")
        if answer is None or "out_of_memory" in answer:
            self.end()
            return Trial(batch)
        if self._limit is not None and self.about["measured"] == CPU_MEMORY and answer["bytes"] > self._limit:
            return Trial(batch)
        return Trial(batch, answer["bytes"], answer["seconds"])

    def _begin(self) -> subprocess.Popen[str]:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self._said}
        self._process = process = processes.start_module(MODULE, self._arguments, **pipes)
        self.about = {}  # nothing is watched until it is known what to watch
        about = self._ask(process, None)
        if about is None:
            raise child.Failed("the machine has too little memory for the model")
        self.about = about
        return process

    def _ask(self, process: subprocess.Popen[str], question: str | None) -> dict[str, Any] | None:
        """Returns the next line of the process; None when it ran out of memory."""
        assert process.stdin and process.stdout
        done = threading.Event()
        watch = threading.Thread(target=self._watch, args=(process, done))
        watch.start()
        try:
            with suppress(BrokenPipeError):
                if question:
                    process.stdin.write(question + "\n")
                    process.stdin.flush()
            line = process.stdout.readline()
        finally:
            done.set()
            watch.join()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        code = process.wait()
        if -code in OUT_OF_MEMORY:
            return None
        self._said.seek(0)
        raise child.Failed(processes.why_ended(code, self._said.read().splitlines()))

    def _watch(self, process: subprocess.Popen[str], done: threading.Event) -> None:
        if self._limit is None or self.about.get("measured") != CPU_MEMORY:
            return
        while not done.wait(SECONDS_BETWEEN_LOOKS):
            if processes.memory_bytes(process.pid) > self._limit:
                process.kill()
                return
