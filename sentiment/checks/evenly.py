"""Takes a part of many rows that is spread over all of them: the same part each time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Row = TypeVar("Row")


def evenly(rows: Sequence[Row], most: int) -> Sequence[Row]:
    """Returns every second, third, … of the rows: as many as there are, or at most `most`."""
    return rows[:: max(1, -(-len(rows) // most))] if most > 0 else rows[:0]
