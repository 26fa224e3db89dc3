"""The new posts beside what stable was trained on, as the rows of tables, for approvals and the Models page."""

from __future__ import annotations

from sentiment.gate.rows import Row, points_told
from sentiment.language import tr
from sentiment.results.deliveries import Beside, Check
from sentiment.text.units import percent


def compared(check: Check | None) -> dict[str, list[Beside]]:
    """Returns what is compared, by title; what the check did not measure is left out."""
    if check is None:
        return {}
    found = {
        tr("Classes of the new posts, beside stable's training data"): check.classes,
        tr("Characters whose share changed most, beside the old posts of this run"): check.characters,
    }
    return {title: lines for title, lines in found.items() if lines}


def tables(check: Check | None) -> dict[str, list[Row]]:
    """Returns the same as tables, the head first; changes are in percentage points."""
    head: Row = ("", tr("new posts"), tr("stable's training data"), tr("change"))
    return {title: [head, *map(_row, lines)] for title, lines in compared(check).items()}


def _row(one: Beside) -> Row:
    return (one.name, percent(one.new), percent(one.stable), points_told(one.new - one.stable))
