"""Figures as people read them."""

from __future__ import annotations

import pytest

from sentiment.text import units


@pytest.mark.parametrize(
    ("share", "told"),
    [(0.856, "85.6"), (1.0, "100.0"), (0.99999, "99.9"), (0.0, "0.0"), (0.00001, "0.1"), (0.99949, "99.9")],
)
def test_only_all_is_100_percent_and_only_nothing_is_0(share: float, told: str) -> None:
    assert units.percent(share) == f"{told}\xa0%"


def test_nothing_has_no_percentage() -> None:
    assert units.percent(None) == "–"


def test_differences_have_a_sign() -> None:
    assert [units.points(value) for value in (0.012, -0.012, 0.0, -0.0001)] == [
        "+1.2",
        "\N{MINUS SIGN}1.2",
        "0.0",
        "0.0",
    ]


def test_small_words() -> None:
    assert units.p_value(0.00001) == "p\xa0<\xa00.001"
    assert units.p_value(0.0312) == "p\xa0=\xa00.031"
    assert units.p_value(0.75) == "p\xa0=\xa00.75"
    assert [units.duration(value) for value in (4.21, 200, 7500)] == ["4.2 s", "3 min 20 s", "2 h 5 min"]
    assert (units.counted(1, "post"), units.counted(1200, "post")) == ("1 post", "1,200 posts")
