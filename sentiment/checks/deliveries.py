"""Findings about the deliveries that brought the new posts: rows that are unreadable, repeated or contradictory."""

from __future__ import annotations

from collections.abc import Sequence

from sentiment.checks.verdict import Measured
from sentiment.data.ledger import Counts, Delivered

MOST_EXAMPLES = 5


def findings(delivered: Sequence[Delivered]) -> list[Measured]:
    """Returns the shares of the delivered rows that were quarantined, repeated, or changed a known text's label."""
    return [
        _finding("quarantined", "Delivered rows that could not be read", "quarantined", delivered),
        _finding("repeats", "Delivered rows that repeat a known post", "duplicate", delivered),
        _finding("conflicts", "Delivered rows that change a known post's label", "relabelled", delivered),
    ]


def _finding(name: str, title: str, outcome: str, delivered: Sequence[Delivered]) -> Measured:
    """Returns the share of the rows that had `outcome`, a field of Counts, and the deliveries that had most of them."""
    rows = sum(_rows(delivery.counts) for delivery in delivered)
    if not rows:
        return Measured(name, title, None, "nothing was delivered")
    counts = [(int(getattr(delivery.counts, outcome)), delivery.key) for delivery in delivered]
    most = sorted((found for found in counts if found[0]), reverse=True)[:MOST_EXAMPLES]
    share = sum(number for number, _ in counts) / rows
    return Measured(name, title, share, examples=[f"{key}: {number:,} rows" for number, key in most])


def _rows(counts: Counts) -> int:
    return counts.accepted + counts.duplicate + counts.relabelled + counts.quarantined
