"""An estimate in words: one sentence, and a table by source or night."""

from __future__ import annotations

from collections.abc import Sequence

from sentiment.results.estimate import Estimate
from sentiment.text.columns import aligned
from sentiment.text.harmless import one_line
from sentiment.text.units import counted, percent

HEAD = ("", "posts", "expected", "from", "to", "by labels")


def sentence(who: str, found: Estimate, below: tuple[float, float] | None = None) -> str:
    """Returns the estimate in words; when it is too low, `below` are what the accuracy was, and the allowed fall."""
    told = f"{who} is expected to have {percent(found.accuracy)} of {counted(found.rows, 'post')} right"
    told += f", between {percent(found.low)} and {percent(found.high)} (95 %)"
    told += f"; by their labels it has {percent(found.measured)}." if found.measured is not None else "."
    if below is None:
        return told
    was, limit = percent(below[0]), f"{100 * below[1]:.1f} points"
    return f"{told} Even at best that is more than {limit} below the {was} that it had when it was published."


def table(title: str, found: Sequence[Estimate]) -> list[str]:
    """Returns one line a group; none when there is only one, which is all posts."""
    if len(found) < 2:
        return []
    names = [one_line("others" if one.name is None else one.name or "none", 60) for one in found]
    rows = [(name, f"{one.rows:,}", *map(percent, figures(one))) for name, one in zip(names, found, strict=True)]
    return [title, *aligned([HEAD, *rows], HEAD[1:])]


def figures(one: Estimate) -> tuple[float | None, ...]:
    return one.accuracy, one.low, one.high, one.measured
