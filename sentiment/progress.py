"""A progress line: rows, rate and time left, on stderr."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 10  # in a log file, where a line cannot be rewritten


def progress(total: int | None, what: str, unit: str = " rows") -> tqdm[Any]:
    """Returns a progress line; `update(n)` moves it. It rewrites itself on a terminal, adds a line in a log."""
    return tqdm(
        total=total,
        desc=what,
        unit=unit,
        file=sys.stderr,
        mininterval=0.3 if sys.stderr.isatty() else SECONDS_BETWEEN_LINES,
        dynamic_ncols=True,
        leave=False,
    )
