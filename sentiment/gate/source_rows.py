"""A gate's result by source as the rows of a table, for the approval, the mail and the Models page."""

from __future__ import annotations

from collections.abc import Sequence

from sentiment.gate.by_source_checks import NAMES
from sentiment.gate.counts import Counts
from sentiment.gate.rows import Row, points_told
from sentiment.gate.tilted_words import NAME as WORD
from sentiment.results.decision import Gate
from sentiment.results.evaluation import SourceRows

HEAD = ("source", "new rows", "test rows", "stable", "candidate", "change")
SHOWN = 8  # sources; the rest is one row
NOTHING_FOUND = "The decision holds without the test rows of the sources that gave the new rows."
NO_SOURCE, OTHERS = "no source", "all others"


def by_source_rows(gate: Gate) -> list[Row]:
    """Returns a row for each source, those with the most new rows first; none when there is only one source.

    Test rows are those of both sets together; the change is in percentage points.
    """
    if len(gate.by_source) < 2:
        return []
    shown = [source for source in gate.by_source if source.name is not None][:SHOWN]
    rest = [source for source in gate.by_source if source not in shown]
    rows = [_row(source.name or NO_SOURCE, [source]) for source in shown]
    return rows + ([_row(OTHERS, rest)] if rest else [])


def by_source_told(gate: Gate) -> list[str]:
    """Returns the sentences of the checks by source that did not pass, and of a word that a source labels oddly."""
    return [check.sentence for check in gate.checks if check.name in NAMES and (check.name == WORD or not check.passed)]


def _row(name: str, sources: Sequence[SourceRows]) -> Row:
    counts = sum((Counts.of(found) for source in sources for found in (source.frozen, source.rolling)), Counts())
    new = f"{sum(source.new for source in sources):,}"
    if not counts.rows:
        return (name, new, "0", "–", "–", "–")
    stable = counts.stable_right / counts.rows
    change = counts.gained / counts.rows
    return (name, new, f"{counts.rows:,}", f"{stable:.3f}", f"{stable + change:.3f}", points_told(change))
