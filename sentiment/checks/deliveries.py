"""Findings about the deliveries that brought the new posts: rows that are unreadable, repeated or contradictory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sentiment.checks.verdict import Measured
from sentiment.data.ledger import Delivered
from sentiment.data.ledger_batch import Counts
from sentiment.language import tr
from sentiment.text.harmless import visible

MOST_EXAMPLES = 5


def findings(delivered: Sequence[Delivered], contested: int = 0) -> list[Measured]:
    """Returns the shares of the delivered rows that were quarantined, repeated, or contradict a known text's label.

    `contested` are the texts that these deliveries made two sources disagree about, the base data among them.
    """
    return [
        _finding("quarantined", tr("Delivered rows that could not be read"), "quarantined", delivered),
        _finding("repeats", tr("Delivered rows that repeat a known post"), "duplicate", delivered),
        _finding("conflicts", tr("Delivered rows that change a known post's label"), "relabelled", delivered),
        _disagreements(delivered, contested),
    ]


def _disagreements(delivered: Sequence[Delivered], contested: int) -> Measured:
    """Returns the share of rows that another source contradicts; what contradicts the base only `contested` tells."""
    found = _finding("disagreements", tr("Delivered rows that another source labels otherwise"), "disagreed", delivered)
    rows = sum(_rows(delivery.counts) for delivery in delivered)
    return found if found.value is None else replace(found, value=max(found.value, min(1.0, contested / rows)))


def _finding(name: str, title: str, outcome: str, delivered: Sequence[Delivered]) -> Measured:
    """Returns the share of the rows that had `outcome`, a field of Counts, and the deliveries that had most of them."""
    rows = sum(_rows(delivery.counts) for delivery in delivered)
    if not rows:
        return Measured(name, title, None, tr("nothing was delivered"))
    counts = [(int(getattr(delivery.counts, outcome)), delivery.key) for delivery in delivered]
    most = sorted((found for found in counts if found[0]), reverse=True)[:MOST_EXAMPLES]
    share = sum(number for number, _ in counts) / rows
    told = [tr("{name}: {number:,} rows", name=visible(key), number=number) for number, key in most]
    return Measured(name, title, share, examples=told)


def _rows(counts: Counts) -> int:
    return counts.accepted + counts.duplicate + counts.relabelled + counts.quarantined + counts.disagreed
