"""The page that says what changed between two versions' scores: self-contained, in the style of a report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from sentiment.charts.axis import Axis, round_axis
from sentiment.charts.lines import STYLES, Frame, LineChart, line_chart
from sentiment.language import speaking, spoken, tr
from sentiment.language.catalogue import TAGS
from sentiment.report.drawing import environment
from sentiment.results.scoring import Example, Part, ScoresCompared
from sentiment.settings import language_of_people
from sentiment.text import units
from sentiment.text.harmless import one_line
from sentiment.text.taipei import taipei_moment

TEMPLATES = Path(__file__).parent / "templates"
FRAME = Frame(width=360, height=200, left=40, right=250, top=14, bottom=164)
LONGEST = 240  # characters of a text
MOST_MONTHS_NAMED = 3  # on an axis
R = TypeVar("R", Part, Example)


@dataclass(frozen=True)
class Months(Axis):
    """An axis of months, by their number; `names` are all of them."""

    names: tuple[str, ...] = ()

    @property
    def ticks(self) -> list[tuple[float, str]]:
        every = max(1, -(-len(self.names) // MOST_MONTHS_NAMED))
        return [(self.at(number), self.names[number]) for number in range(0, len(self.names), every)]


@dataclass(frozen=True)
class Trend:
    label: str
    chart: LineChart


def drawn(found: ScoresCompared) -> str:
    """Returns the page in SENTIMENT_LANGUAGE."""
    with speaking(language_of_people()):
        return render(found)


def render(found: ScoresCompared) -> str:
    """Returns the page as is spoken."""
    html: str = environment(TEMPLATES).get_template("changed.html").render(context(_harmless(found)))
    return html.encode("utf-8", errors="replace").decode("utf-8")


def _harmless(found: ScoresCompared) -> ScoresCompared:
    """Returns the same with every text as one line: it may come from a file that anybody can write."""

    def some(records: list[R], *names: str) -> list[R]:
        return [replace(one, **{name: one_line(getattr(one, name), LONGEST) for name in names}) for one in records]

    return replace(
        found, at=one_line(found.at), labels=[one_line(label) for label in found.labels],
        sources=some(found.sources, "name"), months=some(found.months, "name"),
        examples=some(found.examples, "text", "source", "time"),
    )  # fmt: skip


def context(found: ScoresCompared) -> dict[str, Any]:
    """Returns everything that the template shows."""
    return {
        "tag": TAGS[spoken()],
        "found": found,
        "at": taipei_moment(found.at),
        "headline": headline(found),
        "verdict": verdict(found),
        "trends": trends(found),
        "label_rows": label_rows(found),
        "names": (_version(found.before), _version(found.after)),
        "share": lambda part, of: units.percent(part / of) if of else "–",
    }


def headline(found: ScoresCompared) -> str:
    """Returns in one sentence how many answers are others."""
    return tr(
        "Version {after} answers {share} of {posts:,} posts otherwise than version {before}.",
        after=found.after,
        before=found.before,
        share=units.percent(found.flipped / found.posts if found.posts else 0.0),
        posts=found.posts,
    )


def verdict(found: ScoresCompared) -> str:
    """Returns what a reader of a trend line must know: how far it moves by the model alone."""
    rows = label_rows(found)
    if not found.posts:
        return tr("There is no post that both versions scored.")
    name, before, after, _ = max(rows, key=lambda row: abs(row[2] - row[1]))
    return tr(
        "On the same posts, the share of {label} is {after} instead of {before}. That is the model, not opinion.",
        label=name,
        before=units.percent(before),
        after=units.percent(after),
    )


def label_rows(found: ScoresCompared) -> list[tuple[str, float, float, float]]:
    """Returns for each label its share of all posts before and after, and the difference."""
    posts = max(1, found.posts)
    rows = []
    for label, name in enumerate(found.labels):
        before, after = (
            sum(getattr(month, which)[label] for month in found.months) / posts for which in ("before", "after")
        )
        rows.append((name, before, after, after - before))
    return rows


def trends(found: ScoresCompared) -> list[Trend]:
    """Returns a chart for each label: its share by month, as each version has it."""
    months = [month for month in found.months if month.name and month.posts]
    if len(months) < 2:
        return []
    return [Trend(name, _trend(found, months, label)) for label, name in enumerate(found.labels)]


def _trend(found: ScoresCompared, months: list[Part], label: int) -> LineChart:
    curves = {
        _version(found.after): [(number, month.after[label] / month.posts) for number, month in enumerate(months)],
        _version(found.before): [(number, month.before[label] / month.posts) for number, month in enumerate(months)],
    }
    figures = [value for curve in curves.values() for _, value in curve]
    x = Months(0, len(months) - 1, FRAME.left + 12, FRAME.right - 12, (), tuple(month.name for month in months))
    y = round_axis(min(figures), max(figures), FRAME.bottom, FRAME.top)
    styles = dict(zip(curves, STYLES, strict=True))
    return line_chart(FRAME, x, y, curves, styles, "{:.1%}".format, lambda curve: curve if len(curve) <= 24 else ())


def _version(number: int) -> str:
    return tr("version {version}", version=number)
