"""The files in which experiments are kept: their names, and how one is read. Standard library only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS, TABLE, PLOT = "results.json", "table.md", "plot"


def read_row(path: Path) -> dict[str, Any] | None:
    """Returns a finished row that an earlier run kept, or None when there is none that can be read."""
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return row if isinstance(row, dict) else None
