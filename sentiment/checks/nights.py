"""Findings about many nights: what changes by too little for any single one, as slow poisoning does.

Each source is compared with its own past (`sentiment.statistics.cumulative`). Only a change that was noticed in a night
that stable has not seen is told: a person approved the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from sentiment.checks.verdict import Measured
from sentiment.data.nights import Night, joined
from sentiment.labels import Labels
from sentiment.language import marked, tr
from sentiment.statistics.cumulative import FEWEST, Alarm, alarms
from sentiment.text.harmless import visible

FEWEST_ROWS = 50  # of a night: a smaller one counts together with the next
NIGHTS = 250
MOST_SOURCES = 20  # those with the most posts; the others are one together
MOST_EXAMPLES = 5
SHARES = marked("Change of a label's share over several nights")


def label_shares(by_source: Mapping[str, Sequence[Night]], labels: Labels, since: date) -> Measured:
    """Returns the largest change of a label's share in a source's posts that was noticed on `since` or later."""
    return changes("shares", SHARES, by_source, labels.names, since)


def changes(
    name: str,
    title: str,
    by_source: Mapping[str, Sequence[Night]],
    counted: Sequence[str],
    since: date,
    rises: bool = False,
) -> Measured:
    """Returns the largest change of the share of what is `counted`, by its place in a night; only `rises` of it."""
    series = {source: joined(nights, FEWEST_ROWS) for source, nights in by_source.items()}
    long_enough = {source: nights for source, nights in series.items() if len(nights) > FEWEST}
    if not long_enough:
        missing = FEWEST + 1 - max(map(len, series.values()), default=0)
        why = tr(
            "{missing} more nights of a source are needed, of {posts} posts each", missing=missing, posts=FEWEST_ROWS
        )
        return Measured(name, title, None, why)
    found = [
        (abs(alarm.since - alarm.before), _told(alarm, nights, source, counted[alarm.series]))
        for source, nights in long_enough.items()
        for alarm in _alarms(nights, len(counted))
        if nights[alarm.night].day >= since and (alarm.since > alarm.before or not rises)
    ]
    most = sorted(found, reverse=True)
    told = [each for _, each in most[:MOST_EXAMPLES]]
    return Measured(name, title, most[0][0] if most else 0.0, examples=told, what=told[0] if told else "")


def _alarms(nights: Sequence[Night], counted: int) -> list[Alarm]:
    hits = np.array([[night.counts[place] for night in nights] for place in range(counted)], float)
    rows = np.array([[night.rows for night in nights]] * counted, float)
    return alarms(hits, rows)


def _told(alarm: Alarm, nights: Sequence[Night], source: str, what: str) -> str:
    parts = {
        "label": what,
        "before": alarm.before,
        "now": alarm.since,
        "first": nights[alarm.first].day,
        "day": nights[alarm.night].day,
    }
    if not source:
        return tr("{label} {before:.1%} → {now:.1%} since {first}, noticed on {day}", **parts)
    return tr(
        "source {source}: {label} {before:.1%} → {now:.1%} since {first}, noticed on {day}",
        source=visible(source, 60),
        **parts,
    )
