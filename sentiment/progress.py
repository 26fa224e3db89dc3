"""Shows a progress line on stderr: rows, rate and time left."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 10.0  # in a log, where a line cannot be rewritten
LOG_LINE = "{desc}: {n:,}/{total:,}{unit}, {rate_noinv_fmt}, {remaining} left{postfix}"
TERMINAL_LINE = "{desc} {percentage:3.0f}% |{bar}| {n:,}/{total:,}{unit}, {rate_noinv_fmt}, {remaining} left{postfix}"


class LogLines:
    """A stream for logs: every update of the progress line becomes a new line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        line = text.strip()
        if line:
            self._stream.write(line + "\n")

    def flush(self) -> None:
        self._stream.flush()


class _Line(tqdm):  # type: ignore[type-arg]  # it is generic for type checkers alone
    """A line whose work may turn out larger than was said: a last line without its line break, a file that grew."""

    @property
    def format_dict(self) -> Any:
        # tqdm itself would take such a total for unknown, and our lines give it with separators.
        known = super().format_dict
        return {**known, "total": max(known["total"], known["n"])}


def progress(total: int, what: str, unit: str = "rows", done: int = 0) -> tqdm[Any]:
    """Returns a progress line that starts at `done`; `update(n)` advances it.

    On a terminal it rewrites itself; in a log it adds a line every few seconds, so that short work says nothing.
    """
    if sys.stderr.isatty():
        look: dict[str, Any] = {
            "file": sys.stderr,
            "mininterval": 0.3,
            "dynamic_ncols": True,
            "bar_format": TERMINAL_LINE,
        }
    else:
        every = SECONDS_BETWEEN_LINES
        look = {"file": LogLines(sys.stderr), "mininterval": every, "delay": every, "bar_format": LOG_LINE}
    return _Line(
        total=total,
        initial=done,
        desc=what,
        unit=f" {unit}",
        miniters=1,  # by the clock alone: tqdm would guess how many updates make an interval
        position=0,  # never below a line whose work was given up: in a log nothing can move the cursor
        leave=False,
        **look,
    )
