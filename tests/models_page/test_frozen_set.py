"""How worn the frozen test set is, and where it was replaced: the sentence, the rows, the break in the line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support import models_page_homes as homes
from support.results import whole_json

from sentiment.models_page.frozen_set import FrozenSet, frozen_set
from sentiment.models_page.ledger import read_ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.overview import overview
from sentiment.models_page.plot import accuracy_plot
from sentiment.results.decisions import Decision
from sentiment.results.refreshment import Refreshment
from sentiment.serving.rules import fold
from sentiment.serving.state import State, Version
from sentiment.settings import Settings


def write(settings: Settings, name: str, *lines: dict[str, Any]) -> None:
    settings.serving.mkdir(parents=True, exist_ok=True)
    (settings.serving / name).write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


def refreshment(**given: Any) -> dict[str, Any]:
    score = {"role": "stable", "version": 2, "retired": 0.82, "frozen": 0.8, "fresh": 0.78}
    known = {"at": "2026-11-25T02:00:00+00:00", "who": "ann", "frozen": {"rows": 1200}, "overlap": 600}
    worn = {"decisions": 41, "promotions": 3, "optimism": 0.012}
    found: dict[str, Any] = whole_json(Refreshment, **{**known, "scores": [score], "worn": worn, **given})
    return found


def look(settings: Settings) -> tuple[FrozenSet, list[str]]:
    notices = Notices()
    return frozen_set(read_ledger(settings.history), settings, notices), notices.lines


def test_a_home_in_which_nothing_was_decided_says_nothing(settings: Settings) -> None:
    assert look(settings) == (FrozenSet(), [])


def test_wear_and_refreshments_are_shown_the_newest_first(settings: Settings) -> None:
    homes.whole_home(settings.home)
    write(settings, "refreshments.jsonl", refreshment(newest_version=1), refreshment(newest_version=2, who="<b>bob"))
    frozen = {"rows": 1200, "candidate_right": 1000, "only_candidate": 30, "only_stable": 10}
    write(settings, "decisions.jsonl", whole_json(Decision, run="r", at="2026-11-26", sets={"frozen": frozen}))
    found, notices = look(settings)
    assert notices == []
    assert found.breaks == [1, 2]
    assert found.wear.startswith("The frozen test set has served 1 decision")
    assert [row.who for row in found.refreshed] == ["<b>bob", "ann"]
    row = found.refreshed[1]
    assert (row.at, row.rows) == ("2026-11-25 10:00", "1,200, 600 of them old")
    assert (row.decided, row.step) == ("41 decisions, 3 promotions", ["stable 2: 0.820 → 0.800"])


@pytest.mark.parametrize("name", ["refreshments.jsonl", "decisions.jsonl"])
def test_a_damaged_file_is_a_notice_and_the_page_stays(settings: Settings, name: str) -> None:
    homes.whole_home(settings.home)
    write(settings, name, {"number": "one"})
    notices = Notices()
    page = overview(read_ledger(settings.history), settings, {}, notices)
    assert len(page.cards) == 2 and page.plots
    assert page.frozen == FrozenSet()
    (line,) = notices.lines
    assert line.startswith(f"The wear of the frozen test set is not known: line 1 of serving/{name}'s ")


def test_the_frozen_line_is_broken_where_the_set_was_replaced() -> None:
    plot = accuracy_plot(fold(homes.typed(homes.three_versions())), 860, 280, [1])
    assert plot
    frozen, rolling = plot.chart.lines
    assert (frozen.path.count("M"), frozen.path.count("L")) == (2, 1)
    assert (rolling.path.count("M"), rolling.path.count("L")) == (3, 0)
    (place,) = plot.breaks
    assert frozen.dots[0].x < place < frozen.dots[1].x


def test_a_replacement_before_the_first_or_after_the_last_version_breaks_nothing() -> None:
    versions = {number: Version(number, metrics={"frozen": 0.8}) for number in (3, 4)}
    plot = accuracy_plot(State(versions), 860, 280, [0, 2, 4, 9])
    assert plot
    assert plot.breaks == []
    assert plot.chart.lines[0].path.count("M") == 1
    one = accuracy_plot(State({3: versions[3]}), 860, 280, [3])
    assert one and one.breaks == []


def test_two_replacements_between_two_versions_are_one_break() -> None:
    versions = {number: Version(number, metrics={"frozen": 0.8}) for number in (3, 4)}
    plot = accuracy_plot(State(versions), 860, 280, [3, 3])
    assert plot and len(plot.breaks) == 1
