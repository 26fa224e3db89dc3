"""What the page says of the training rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sentiment.report.composed import groups
from sentiment.report.page import render

LABELS = ["正面", "負面", "中立"]


def label(number: int, new: int, added: int, wanted: int | None = 50) -> dict[str, Any]:
    counts = {"new": new, "wanted": wanted, "available": 60, "added": added, "result": new + added}
    return {"label": number, **counts}


def line(name: str | None, new: int, added: int, members: int = 1, wanted: bool = True) -> dict[str, Any]:
    counts: dict[str, Any] = {"new": [new, 0, 0], "available": [9, 0, 0], "added": [added, 0, 0]}
    return {"name": name, "members": members, "wanted": [added, 0, 0] if wanted else None, **counts}


COMPOSITION = {
    "per_label": [label(0, 10, 40), label(1, 5, 45), label(2, 0, 50)],
    "per_source": [line("PTT<b>", 12, 30), line("", 3, 5), line(None, 0, 100, members=7)],
    "per_night": [line("base", 0, 135), line("2026-11-22", 15, 0, members=2)],
}


def test_a_group_has_a_row_each_and_bars_of_the_same_scale() -> None:
    by_label, by_source, by_night = groups(COMPOSITION, LABELS)
    assert [row["name"] for row in by_label["rows"]] == LABELS
    assert [(row["new_wide"], row["added_wide"]) for row in by_label["rows"]] == [(20, 80), (10, 90), (0, 100)]
    assert [row["name"] for row in by_source["rows"]] == ["PTT<b>", "no source named", "all others (7 sources)"]
    assert [row["total"] for row in by_night["rows"]] == [135, 15]
    assert [row["name"] for row in by_night["rows"]] == ["the base data", "2026-11-22"]


def test_a_group_of_one_row_is_left_out_and_so_is_no_composition() -> None:
    alone = {**COMPOSITION, "per_source": [line("", 15, 0)], "per_night": [line("base", 0, 5, wanted=False)]}
    assert [group["name"] for group in groups(alone, LABELS)] == ["By label"]
    assert groups(None, LABELS) == [] and groups({**alone, "per_label": [label(0, 0, 0)]}, LABELS)


def test_a_source_that_calls_itself_base_is_not_the_base_data() -> None:
    _, by_source, _ = groups({**COMPOSITION, "per_source": [line("base", 1, 0), line("PTT", 1, 0)]}, LABELS)
    assert [row["name"] for row in by_source["rows"]] == ["base", "PTT"]


@pytest.mark.parametrize("wanted", [50, None])
def test_the_page_shows_it(make_report: Callable[..., dict[str, Any]], wanted: int | None) -> None:
    report = make_report()
    composition = {**COMPOSITION, "per_label": [label(number, 1234, 5, wanted) for number in range(3)]}
    page = render({**report, "composition": composition})
    assert "What it was trained on" in page and "1,234" in page and "PTT&lt;b&gt;" in page
    assert ("<td>all</td>" in page) == (wanted is None)
    assert "What it was trained on" not in render(report)
