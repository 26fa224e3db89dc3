"""A progress line: rows, rate and time left, on stderr."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 10.0  # in a log, where a line cannot be rewritten
LOG_LINE = "{desc}: {n_fmt}/{total_fmt} {unit}, {rate_fmt}, {remaining} left{postfix}"


class LogLines:
    """A stream for logs: every rewriting of the line becomes a line of its own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        line = text.strip()
        if line:
            self._stream.write(line + "\n")

    def flush(self) -> None:
        self._stream.flush()


def progress(total: int, what: str, unit: str = "rows") -> tqdm[Any]:
    """Returns a progress line; `update(n)` moves it. It rewrites itself on a terminal, adds a line in a log.

    In a log, work that is done within seconds says nothing.
    """
    if sys.stderr.isatty():
        return tqdm(
            total=total, desc=what, unit=f" {unit}", file=sys.stderr, mininterval=0.3, dynamic_ncols=True, leave=False
        )
    return tqdm(
        total=total,
        desc=what,
        unit=unit,
        file=LogLines(sys.stderr),
        mininterval=SECONDS_BETWEEN_LINES,
        delay=SECONDS_BETWEEN_LINES,
        bar_format=LOG_LINE,
        leave=False,
    )
