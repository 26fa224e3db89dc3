"""An estimate in words: one sentence, and a table by source or night."""

from __future__ import annotations

from collections.abc import Sequence

from sentiment.language import tr
from sentiment.results.estimate import Estimate
from sentiment.text.columns import aligned
from sentiment.text.harmless import one_line
from sentiment.text.units import percent


def sentence(version: int | None, found: Estimate, below: tuple[float, float] | None = None) -> str:
    """Returns the estimate in words; without a version, it is that of a model folder.

    When it is too low, `below` are what the accuracy was, and the allowed fall.
    """
    model = tr("The model") if version is None else tr("Version {version}", version=version)
    told = _expected(model, found)
    if below is None:
        return told
    return tr(
        "{estimate} Even at best that is more than {limit} points below the {was} that it had when it was published.",
        estimate=told,
        limit=f"{100 * below[1]:.1f}",
        was=percent(below[0]),
    )


def _expected(model: str, found: Estimate) -> str:
    # Not tr_many: this is recorded, and a sentence's other number would not be found again.
    posts = tr("1 post") if found.rows == 1 else tr("{number} posts", number=f"{found.rows:,}")
    figures = {
        "model": model,
        "posts": posts,
        "accuracy": percent(found.accuracy),
        "low": percent(found.low),
        "high": percent(found.high),
    }
    if found.measured is None:
        return tr(
            "{model} is expected to have {accuracy} of {posts} right, between {low} and {high} (95 %).",
            **figures,
        )
    return tr(
        "{model} is expected to have {accuracy} of {posts} right, between {low} and {high} (95 %); by their labels it "
        "has {measured}.",
        measured=percent(found.measured),
        **figures,
    )


def table(title: str, found: Sequence[Estimate]) -> list[str]:
    """Returns one line a group; none when there is only one, which is all posts."""
    if len(found) < 2:
        return []
    head = ("", tr("posts"), tr("expected"), tr("from"), tr("to"), tr("by labels"))
    names = [one_line(tr("others") if one.name is None else one.name or tr("none"), 60) for one in found]
    rows = [(name, f"{one.rows:,}", *map(percent, figures(one))) for name, one in zip(names, found, strict=True)]
    return [title, *aligned([head, *rows], head[1:])]


def figures(one: Estimate) -> tuple[float | None, ...]:
    return one.accuracy, one.low, one.high, one.measured
