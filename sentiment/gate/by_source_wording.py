"""The sentences of the checks by source. They are recorded, and so in English."""

from __future__ import annotations

from collections.abc import Mapping

from sentiment.gate.by_source import JudgedGroup
from sentiment.gate.tilted_words import named
from sentiment.gate.wording import points
from sentiment.language import tr
from sentiment.results.evaluation import LARGE


def told(one: JudgedGroup, margin: float) -> str:
    """Returns what was found on a group of rows, as a sentence."""
    bound, limit = points(one.bound, margin)
    parts = {
        "change": _moved(one),
        "rows": one.kept.rows,
        "bound": bound,
        "limit": limit,
        "aside": "" if one.decides else tr(" (does not decide: {missing:,} more rows are needed)", missing=one.missing),
    }
    if one.shown_worse:
        return _told_worse(one, parts)
    if one.bound > 0:
        return tr("{change} on {rows:,} rows; the rise is at least {bound} points{aside}.", **parts)
    if one.as_good:
        return tr(
            "{change} on {rows:,} rows; at worst it fell by {bound} points, the limit is {limit}{aside}.", **parts
        )
    return tr(
        "{change}, but on {rows:,} rows a fall of {bound} points cannot be ruled out, the limit is {limit}{aside}.",
        **parts,
    )


def _told_worse(one: JudgedGroup, parts: Mapping[str, object]) -> str:
    if one.gained_there <= 0:
        return tr("{change} on {rows:,} rows, which chance does not explain{aside}.", **parts)
    if one.without is None:
        return tr(
            "{change} on {rows:,} rows, which chance does not explain; on the rows of those sources it has {gained:,} "
            "more right{aside}.",
            gained=one.gained_there,
            **parts,
        )
    return tr(
        "{change} on {rows:,} rows, which chance does not explain; on the rows of {source} it has {gained:,} more "
        "right{aside}.",
        source=named(one.without),
        gained=one.gained_there,
        **parts,
    )


def _moved(one: JudgedGroup) -> str:
    """Returns how the accuracy on a group's rows changed, in words."""
    before, change = one.kept.stable_right / one.kept.rows, one.kept.difference
    where = (
        {"part": f"{LARGE:.0%}"} if one.without is None else {"source": named(one.without), "part": f"{one.share:.0%}"}
    )
    figures = {"by": points(change, 0.0)[0], "before": before, "now": before + change, **where}
    return _moved_elsewhere(change, figures) if one.without is None else _moved_without(change, figures)


def _moved_elsewhere(change: float, figures: Mapping[str, object]) -> str:
    if not change:
        return tr(
            "On the test rows of sources that gave less than {part} of the new rows, accuracy stayed the same "
            "({before:.3f})",
            **figures,
        )
    if change < 0:
        return tr(
            "On the test rows of sources that gave less than {part} of the new rows, accuracy fell by {by} percentage "
            "points ({before:.3f} → {now:.3f})",
            **figures,
        )
    return tr(
        "On the test rows of sources that gave less than {part} of the new rows, accuracy rose by {by} percentage "
        "points ({before:.3f} → {now:.3f})",
        **figures,
    )


def _moved_without(change: float, figures: Mapping[str, object]) -> str:
    if not change:
        return tr(
            "Without the test rows of {source}, which gave {part} of the new rows, accuracy stayed the same "
            "({before:.3f})",
            **figures,
        )
    if change < 0:
        return tr(
            "Without the test rows of {source}, which gave {part} of the new rows, accuracy fell by {by} percentage "
            "points ({before:.3f} → {now:.3f})",
            **figures,
        )
    return tr(
        "Without the test rows of {source}, which gave {part} of the new rows, accuracy rose by {by} percentage points "
        "({before:.3f} → {now:.3f})",
        **figures,
    )


def told_by_one(is_better: bool, parts: Mapping[str, object]) -> str:
    """Returns which source refuses a candidate by itself; `is_better` is about the rows of the others."""
    if is_better:
        return tr(
            "One source alone refuses this candidate: of the {rows:,} rows of {source} in {set} it has {fewer:,} fewer "
            "right than stable, and on the other {others:,} rows it is as good (a rise of at least {bound} points, the "
            "limit is {limit}). Look at the labels of that source's test rows.",
            **parts,
        )
    return tr(
        "One source alone refuses this candidate: of the {rows:,} rows of {source} in {set} it has {fewer:,} fewer "
        "right than stable, and on the other {others:,} rows it is as good (at worst a fall of {bound} points, the "
        "limit is {limit}). Look at the labels of that source's test rows.",
        **parts,
    )
