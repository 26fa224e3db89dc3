"""The section about the nights' estimates: the sentence, and where its points go."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as some
from support import models_page_homes as homes
from support.estimates import estimate_of, fallen, night_of

from sentiment.models_page.estimates import SHOWN, coverage, estimates, standing
from sentiment.models_page.ledger import read_ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.overview import overview
from sentiment.settings import Settings

SIZES = ((860, 280), (360, 240))


def test_how_often_the_interval_held_is_told() -> None:
    nights = [night_of(f"n{number}", estimate=estimate_of(80 if number else 60)) for number in range(20)]
    told = coverage(nights).replace("\N{NO-BREAK SPACE}", " ")
    assert told == (
        "In 19 of 20 nights, the interval held what the labels then said: 95.0 % (chance leaves 76.4 % to 99.1 %), "
        "meant are 95 %."
    )
    assert coverage(nights[:1]).startswith("In 0 of 1 night, ")


def test_a_fall_is_told_and_so_is_none() -> None:
    assert standing(2, fallen()).endswith("a fall of more than 5.0 points.")
    assert standing(2, fallen(420)).endswith("no fall of more than 5.0 points is shown.")


def test_without_compared_nights_there_is_no_section() -> None:
    assert estimates([], SIZES) is None
    assert estimates([night_of(estimate=estimate_of(None))], SIZES) is None


def test_the_newest_nights_are_drawn_and_all_are_counted() -> None:
    found = estimates([night_of(f"n{number}") for number in range(SHOWN + 9)], SIZES)
    assert found and [len(plot.bars) for plot in found.plots] == [SHOWN, SHOWN]
    assert f"In {SHOWN + 9} of {SHOWN + 9} nights" in found.sentences[0] and len(found.sentences) == 1


@given(some.lists(some.tuples(some.floats(0, 1), some.integers(0, 100)), min_size=1, max_size=70))
def test_every_point_is_within_the_plot(given_: list[tuple[float, int]]) -> None:
    nights = [
        night_of(f"n{number}", estimate=estimate_of(correct, accuracy=value, low=value / 2, high=(1 + value) / 2))
        for number, (value, correct) in enumerate(given_)
    ]
    found = estimates(nights, SIZES)
    assert found
    for plot in found.plots:
        frame = plot.chart.frame
        for bar in plot.bars:
            assert 0 <= bar.x <= frame.right and frame.top - 1 <= bar.high <= bar.low <= frame.bottom + 1
            assert math.isfinite(bar.x)
        assert all(0 <= dot.y <= frame.height for line in plot.chart.lines for dot in line.dots)


def test_a_damaged_record_costs_its_lines_and_not_the_page(settings: Settings) -> None:
    homes.whole_home(settings.home)
    homes.write_nights(settings.home, night_of())
    with (settings.serving / "estimates.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"run": "x"}\ngarbage\n')
    page = overview(read_ledger(settings.history), settings, {}, Notices())
    assert page.estimates and page.estimates.sentences[0].startswith("In 1 of 1 night")
