"""Slices: how good the model is on parts of the rows. In each group of slices, every row is in exactly one slice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sentiment.data.tsv import Post
from sentiment.language import marked, recorded
from sentiment.results.report import Slice, SliceGroup
from sentiment.statistics.intervals import wilson
from sentiment.text.harmless import plain

SHORT, LONG = 20, 60  # characters; 20 is also mixing's default for the shortest old row
LENGTHS = (
    marked("short: up to {most} characters").format(most=SHORT),
    marked("middle: {least} to {most}").format(least=SHORT + 1, most=LONG),
    marked("long: over {least} characters").format(least=LONG),
)
TITLES = (marked("with title"), marked("without title"))
MARKERS = ("推", "噓", "→")
NO_MARKER, NO_SOURCE = marked("no marker"), marked("no source given")
OTHERS = marked("{number} other sources")
SOURCES_SHOWN = 12
LONGEST_NAME = 60  # characters of a source
FEWEST_ROWS = 20  # a slice with fewer rows is never called notable

_IS_OURS = re.compile(rf"{NO_SOURCE}|{OTHERS.format(number='[0-9]+')}")  # of the source slices
# 推薦 is a word, not a marker: a colon or a space follows a marker.
_MARKER = re.compile(r"([推噓])\s*[:：]|([推噓])\s|(→)")


def slices(posts: Sequence[Post], right: NDArray[np.bool_]) -> list[SliceGroup]:
    """Returns the groups that make sense for these posts; `right` [rows] says where the model is right.

    Lengths always do; titles, markers and sources only if some post has one.
    """
    groups: list[tuple[str, list[str], tuple[str, ...]]] = [("length", [length(post) for post in posts], LENGTHS)]
    if any(post.title for post in posts):
        groups.append(("title", [TITLES[0] if post.title else TITLES[1] for post in posts], TITLES))
    markers = [marker(post) for post in posts]
    if any(name in MARKERS for name in markers):
        groups.append(("marker", markers, (*MARKERS, NO_MARKER)))
    if any(post.source for post in posts):
        groups.append(("source", *_sources(posts)))
    return [SliceGroup(group=name, slices=_measured(kinds, names, right)) for name, kinds, names in groups]


def told_name(group: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    """Returns the name of a slice for people. That of a source is somebody's, whatever else is called so."""
    name: str = item["name"]
    return name if group["group"] == "source" and not _IS_OURS.fullmatch(name) else recorded(name)


def length(post: Post) -> str:
    """Returns the length slice of a post, by the number of characters in its text."""
    return LENGTHS[0 if len(post.text) <= SHORT else 1 if len(post.text) <= LONG else 2]


def marker(post: Post) -> str:
    """Returns the push marker at the start of the text, as on PTT (`推:`, `噓 `, `→`)."""
    found = _MARKER.match(post.text.lstrip())
    return next(group for group in found.groups() if group) if found else NO_MARKER


def _sources(posts: Sequence[Post]) -> tuple[list[str], tuple[str, ...]]:
    """Returns the source slice of each post, and the slices' names: the largest first, all others together last."""
    counts = Counter(post.source for post in posts)
    names = {source: plain(source, LONGEST_NAME) or NO_SOURCE for source, _ in counts.most_common(SOURCES_SHOWN)}
    others = OTHERS.format(number=len(counts) - len(names))
    kinds = [names.get(post.source, others) for post in posts]
    last = (others,) if len(counts) > len(names) else ()
    return kinds, (*dict.fromkeys(names.values()), *last)


def _measured(kinds: Sequence[str], names: Sequence[str], right: NDArray[np.bool_]) -> list[Slice]:
    whole = float(right.mean())
    kind = np.array(kinds)
    return [_slice(name, right[kind == name], whole) for name in names]


def _slice(name: str, right: NDArray[np.bool_], whole: float) -> Slice:
    rows, correct = len(right), int(right.sum())
    interval = wilson(correct, rows)
    low, high = interval or (None, None)
    return Slice(
        name=name,
        rows=rows,
        correct=correct,
        accuracy=correct / rows if rows else None,
        low=low,
        high=high,
        notable=_notable(rows, interval, whole),
    )


def _notable(rows: int, interval: tuple[float, float] | None, whole: float) -> Literal["worse", "better"] | None:
    """Returns `worse` or `better` when the accuracy over all rows lies outside the slice's interval."""
    if interval is None or rows < FEWEST_ROWS or interval[0] <= whole <= interval[1]:
        return None
    return "worse" if whole > interval[1] else "better"
