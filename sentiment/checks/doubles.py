"""Findings about posts that were labelled twice, which tell how often the labels of a source are wrong.

A label that another source, or a person, contradicts is not certainly wrong; but who is contradicted more often than
all others errs more often.
"""

from __future__ import annotations

from collections.abc import Sequence

from sentiment.checks.verdict import Measured
from sentiment.language import marked, tr
from sentiment.results.deliveries import Doubles
from sentiment.statistics.intervals import at_least_above, wilson
from sentiment.text.harmless import visible

FEWEST = 30  # labels of a source that others gave, too
MOST_EXAMPLES = 5
CONTRADICTED = marked("Labels of a source that others contradict, at least")
WORSE = marked("Labels of a source that are contradicted more often than those of all others, by at least")
Found = tuple[float, str]


def findings(doubles: Sequence[Doubles]) -> list[Measured]:
    """Returns the largest lower bounds of a source: of its share of contradicted labels, and of what it is above."""
    listed = [each for each in doubles if not each.others]
    enough = [each for each in listed if each.labels >= FEWEST]
    contradicted, labels = (sum(getattr(each, name) for each in doubles) for name in ("contradicted", "labels"))
    rates = [((wilson(each.contradicted, each.labels) or (0.0, 1.0))[0], _told(each)) for each in enough]
    others = [(max(0.0, _above(each, contradicted, labels)), _told(each)) for each in enough if len(doubles) > 1]
    missing = FEWEST - max((each.labels for each in listed), default=0)
    why = tr("{missing} more posts that two sources label are needed", missing=max(1, missing))
    return [_largest("contradicted", CONTRADICTED, rates, why), _largest("worse", WORSE, others, why)]


def _above(one: Doubles, contradicted: int, labels: int) -> float:
    """Returns by how much more it is contradicted than all others; the two numbers are those of all sources."""
    return at_least_above(one.contradicted, one.labels, contradicted - one.contradicted, labels - one.labels)


def _told(one: Doubles) -> str:
    low, high = wilson(one.contradicted, one.labels) or (0.0, 1.0)
    figures = {"contradicted": one.contradicted, "labels": one.labels, "low": low, "high": high}
    if not one.source:
        return tr(
            "Posts without a source: {contradicted:,} of {labels:,} labels (95 % interval {low:.1%} to {high:.1%})",
            **figures,
        )
    return tr(
        "Source {source}: {contradicted:,} of {labels:,} labels (95 % interval {low:.1%} to {high:.1%})",
        source=visible(one.source, 60),
        **figures,
    )


def _largest(name: str, title: str, found: Sequence[Found], why: str) -> Measured:
    if not found:
        return Measured(name, title, None, why)
    most = sorted(found, reverse=True)
    told = [each for value, each in most[:MOST_EXAMPLES] if value > 0]
    return Measured(name, title, most[0][0], examples=told, what=told[0] if told else "")
