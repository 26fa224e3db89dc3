"""Findings about the deliveries that brought the new posts: rows that are unreadable, repeated or contradictory."""

from __future__ import annotations

from collections.abc import Sequence

from sentiment.checks.verdict import Finding
from sentiment.data.ledger import Counts, Delivered

MOST_EXAMPLES = 5


def findings(delivered: Sequence[Delivered]) -> list[Finding]:
    """Returns the shares of the delivered rows that were quarantined, repeated, or changed a known text's label."""
    total = Counts()
    for delivery in delivered:
        total.add(delivery.counts)
    rows = total.accepted + total.duplicate + total.relabelled + total.quarantined
    return [
        _finding("quarantined", "Delivered rows that could not be read", total.quarantined, rows, delivered),
        _finding("repeats", "Delivered rows that repeat a known post", total.duplicate, rows, delivered),
        _finding("conflicts", "Delivered rows that change a known post's label", total.relabelled, rows, delivered),
    ]


def _finding(name: str, title: str, count: int, rows: int, delivered: Sequence[Delivered]) -> Finding:
    if not rows:
        return Finding(name, title, None, "nothing was delivered")
    field = {"quarantined": "quarantined", "repeats": "duplicate", "conflicts": "relabelled"}[name]
    most = sorted(delivered, key=lambda delivery: -int(getattr(delivery.counts, field)))[:MOST_EXAMPLES]
    told = [f"{delivery.key}: {count:,} rows" for delivery in most if (count := getattr(delivery.counts, field))]
    return Finding(name, title, count / rows, examples=told)
