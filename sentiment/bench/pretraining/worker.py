"""A process that takes steps when it is asked to, and otherwise waits: its precision and libraries are its own."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from sentiment import processes
from sentiment.experiments.child import Failed

Ask = Callable[[str | None], dict[str, Any]]


@contextmanager
def worker(command: Sequence[str]) -> Iterator[Ask]:
    """Yields a function that gives the process a line (None: none, at first) and returns its answer.

    Raises: Failed when it ends instead, with the last line that it said.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": said}
        process = processes.start(command, text=True, encoding="utf-8", errors="replace", **pipes)

        def ask(question: str | None) -> dict[str, Any]:
            assert process.stdin and process.stdout
            with suppress(BrokenPipeError):
                if question:
                    process.stdin.write(f"{question}\n")
                    process.stdin.flush()
            if line := process.stdout.readline():
                answer: dict[str, Any] = json.loads(line)
                return answer
            code = process.wait()
            said.seek(0)
            raise Failed(processes.why_ended(code, said.read().splitlines()))

        try:
            yield ask
        finally:
            processes.end(process)
