"""The rows of the table: what was tried, how it ended, and what that makes of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from sentiment.experiments.table import Table
from sentiment.text.units import counted

Outcome = Literal["passed", "failed", "not possible here"]
PASSED: Outcome = "passed"
FAILED: Outcome = "failed"
NOT_POSSIBLE: Outcome = "not possible here"
NOTHING_TO_CHECK = 3  # the exit code


class Row(msgspec.Struct, frozen=True):
    """One line. `needs_gpu`: it was, or would have been, tried on a GPU; the others only look at what is there."""

    name: str
    outcome: Outcome
    figures: str = ""  # what was measured
    why: str = ""  # it failed, or is not possible here, and what to do
    needs_gpu: bool = True


def exit_code(rows: Sequence[Row]) -> int:
    """Returns 1 when something failed, 3 when nothing could be tried on a GPU, else 0."""
    if any(row.outcome == FAILED for row in rows):
        return 1
    return 0 if any(row.outcome == PASSED and row.needs_gpu for row in rows) else NOTHING_TO_CHECK


def sentence_of(rows: Sequence[Row]) -> str:
    """Returns the whole in a sentence."""
    tried = [row for row in rows if row.needs_gpu]
    passed, failed, not_possible = (
        sum(row.outcome == outcome for row in tried) for outcome in (PASSED, FAILED, NOT_POSSIBLE)
    )
    if exit_code(rows) == NOTHING_TO_CHECK:
        return f"nothing was checked: none of the {counted(len(tried), 'check')} is possible here"
    parts = [f"{passed} of {counted(len(tried), 'check')} passed"]
    parts += [f"{failed} failed"] * (failed > 0) + [f"{not_possible} not possible here"] * (not_possible > 0)
    return ", ".join(parts)


def table_of(rows: Sequence[Row]) -> Table:
    """Returns the table; below it, each reason once, with the rows that it is the reason for."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row.why:
            reasons.setdefault((row.outcome, row.why), []).append(row.name)
    notes = [f"{', '.join(names)}: {outcome}, because {why}" for (outcome, why), names in reasons.items()]
    cells = [[row.name, row.outcome, row.figures] for row in rows]
    return Table("what needs a GPU", ("", "outcome", "measured"), cells, notes=[*notes, sentence_of(rows)])
