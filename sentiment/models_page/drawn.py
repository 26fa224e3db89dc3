"""The new posts beside what stable was trained on, as pairs of bars."""

from __future__ import annotations

from dataclasses import dataclass

from sentiment.gate.new_posts import compared
from sentiment.models_page.wording import text
from sentiment.results.deliveries import Beside, Check
from sentiment.text.units import percent


@dataclass(frozen=True)
class Pair:
    """A class or a character; the widths of its two bars are in percent of the longest."""

    name: str
    new: str
    stable: str
    new_to: float
    stable_to: float


@dataclass(frozen=True)
class Drawn:
    title: str
    pairs: list[Pair]


def drawn(check: Check | None) -> list[Drawn]:
    """Returns the charts of a `check.json`; [] when it has no such figures."""
    return [Drawn(title, _pairs(lines)) for title, lines in compared(check).items()]


def _pairs(lines: list[Beside]) -> list[Pair]:
    longest = max(max(one.new, one.stable) for one in lines) or 1.0
    return [
        Pair(
            text(one.name, 40),
            percent(one.new),
            percent(one.stable),
            round(100 * one.new / longest, 1),
            round(100 * one.stable / longest, 1),
        )
        for one in lines
    ]
