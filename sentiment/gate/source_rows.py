"""A gate's result by source as the rows of a table, for the approval, the mail and the Models page."""

from __future__ import annotations

from collections.abc import Sequence

from sentiment.gate.by_source_checks import ELSEWHERE, NAMES, WITHOUT_ONE
from sentiment.gate.counts import Counts
from sentiment.gate.rows import Row, points_told
from sentiment.gate.tilted_words import NAME as WORD
from sentiment.language import marked, recorded, tr
from sentiment.results.decision import Gate
from sentiment.results.evaluation import SourceRows

HEAD = (  # said where the table is shown
    marked("source"),
    marked("new rows"),
    marked("test rows"),
    marked("stable"),
    marked("candidate"),
    marked("change"),
)
HELD = marked("The decision holds without the test rows of the sources that gave the new rows.")
SHOWN = 8  # sources; the rest is one row


def by_source_rows(gate: Gate) -> list[Row]:
    """Returns a row for each source, those with the most new rows first; none when there is only one source.

    Test rows are those of both sets together; the change is in percentage points.
    """
    if len(gate.by_source) < 2:
        return []
    shown = [source for source in gate.by_source if source.name is not None][:SHOWN]
    rest = [source for source in gate.by_source if source not in shown]
    rows = [_row(source.name or tr("no source"), [source]) for source in shown]
    return rows + ([_row(tr("all others"), rest)] if rest else [])


def by_source_told(gate: Gate) -> list[str]:
    """Returns what the checks by source found, in sentences: what is not a plain pass, and an odd word."""
    found = [check for check in gate.checks if check.name in NAMES]
    told = [check for check in found if check.name == WORD or not (check.passed and check.decides)]
    held = any(check.name in (ELSEWHERE, WITHOUT_ONE) for check in found if check not in told)
    lines = [recorded(check.sentence) for check in told]
    if held and all(check.passed for check in found):
        lines.insert(0, tr(HELD))
    return lines


def _row(name: str, sources: Sequence[SourceRows]) -> Row:
    counts = sum((Counts.of(found) for source in sources for found in (source.frozen, source.rolling)), Counts())
    new = f"{sum(source.new for source in sources):,}"
    if not counts.rows:
        return (name, new, "0", "–", "–", "–")
    stable = counts.stable_right / counts.rows
    change = counts.gained / counts.rows
    return (name, new, f"{counts.rows:,}", f"{stable:.3f}", f"{stable + change:.3f}", points_told(change))
