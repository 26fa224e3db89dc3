"""What versions cost: side by side as one step measured them, otherwise each with its own moment and machine."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support import models_page_homes as homes
from support.evaluations import costs

from sentiment.language import speaking
from sentiment.models_page.comparison import comparison
from sentiment.models_page.ledger import read_ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.overview import overview
from sentiment.models_page.version_page import version_page
from sentiment.settings import Settings

SMALL, LARGE = (3_200_000, 1.84), (7_600_000, 3.3)
POST = "One post, in batches"
APART = "27 Nov 2026, 03:05 (Taipei); EPYC 7B13, 2 cores, float32"
TOGETHER = f"both versions in turn, {APART}"


@pytest.fixture
def home(settings: Settings) -> Settings:
    """Version 1 was measured alone, 2 not at all, and 3, the canary, beside 2, which is stable."""
    homes.whole_home(settings.home)
    _change(settings, 1, None, costs(SMALL, None))
    _change(settings, 3, 2, costs(LARGE, SMALL))
    return settings


def _change(settings: Settings, version: int, stable: int | None, found: dict[str, Any] | None) -> None:
    for name in ("evaluation", "gate"):
        path = settings.runs / f"night-{version}" / f"{name}.json"
        changed = json.loads(path.read_text(encoding="utf-8")) | {"stable_version": stable, "costs": found}
        path.write_text(json.dumps(changed), encoding="utf-8")


def facts(settings: Settings, first: int, second: int) -> dict[str, tuple[str, str]]:
    notices = Notices()
    found = comparison(read_ledger(settings.history), first, second, settings, notices).facts
    assert notices.lines == []
    return {name: (one, other) for name, one, other in found}


def cards(settings: Settings) -> tuple[dict[str, str], dict[str, str]]:
    notices = Notices()
    stable, canary = overview(read_ledger(settings.history), settings, {}, notices).cards
    assert notices.lines == []
    assert [name for name, _ in stable.figures] == [name for name, _ in canary.figures]
    return dict(stable.figures), dict(canary.figures)


def test_a_version_and_the_one_that_it_was_measured_beside_are_comparable(home: Settings) -> None:
    found = facts(home, 2, 3)
    assert found["Parameters"] == ("3.2 M", "7.6 M")
    assert found[POST] == (f"1.84 ms, {TOGETHER}", f"3.30 ms, {TOGETHER}")
    assert facts(home, 3, 2)[POST] == (f"3.30 ms, {TOGETHER}", f"1.84 ms, {TOGETHER}")


def test_versions_of_different_steps_have_each_their_own_moment_and_machine(home: Settings) -> None:
    found = facts(home, 1, 3)
    assert found[POST] == (f"1.84 ms, {APART}", f"3.30 ms, {APART}")
    assert facts(home, 1, 2)[POST] == (f"1.84 ms, {APART}", "–")


def test_stable_and_canary_show_what_the_canarys_evaluation_measured(home: Settings) -> None:
    stable, canary = cards(home)
    assert (stable["Parameters"], canary["Parameters"]) == ("3.2 M", "7.6 M")
    assert (stable[POST], canary[POST]) == (f"1.84 ms, {TOGETHER}", f"3.30 ms, {TOGETHER}")


def test_a_home_of_an_earlier_version_shows_nothing_of_it(home: Settings) -> None:
    for version in (1, 3):
        _change(home, version, 2, None)
    assert not {"Parameters", POST} & (facts(home, 1, 3).keys() | cards(home)[0].keys())
    page = version_page(read_ledger(home.history), 3, home, Notices())
    assert page.gate and (page.gate.costs, page.gate.costs_measured, page.gate.costs_more) == ([], "", [])


def test_what_was_not_timed_has_no_time(home: Settings) -> None:
    _change(home, 3, 2, costs((7_600_000, None), (3_200_000, None)))
    assert facts(home, 2, 3)[POST] == ("–", "–")


def test_the_page_of_a_version_has_the_table_and_the_sentence(home: Settings) -> None:
    page = version_page(read_ledger(home.history), 3, home, Notices())
    assert page.gate
    assert page.gate.costs == [
        ("model", "parameters", "export", "one post", "accuracy, frozen set"),
        ("version 2", "3.2 M", "12.9 MB", "1.84 ms", "0.850"),
        ("version 3", "7.6 M", "6.4 MB", "3.30 ms", "0.867"),
    ]
    assert page.gate.costs_measured.startswith("One post: the median of batches of 64 posts, both models in turn")
    [told] = page.gate.costs_more
    assert told.startswith("The candidate takes 1.8 times as long for a post as version 2")


def test_in_chinese(home: Settings) -> None:
    with speaking("zh-TW"):
        assert facts(home, 2, 3)["單則貼文耗時（批次）"][1] == (
            "3.30 ms（兩個版本輪流測量，2026年11月27日 03:05（臺北）；EPYC 7B13，2 核心，float32）"
        )
        page = version_page(read_ledger(home.history), 3, home, Notices())
    assert page.gate and page.gate.costs[0] == ("模型", "參數", "匯出檔", "單則貼文", "準確率（固定測試集）")


def test_a_processor_with_a_hostile_name_is_one_harmless_line(home: Settings) -> None:
    found = costs(LARGE, SMALL)
    found["machine"]["processor"] = homes.EVIL + "\n" + "x" * 9000
    _change(home, 3, 2, found)
    page = version_page(read_ledger(home.history), 3, home, Notices())
    assert page.gate and "\u202e" not in page.gate.costs_measured and len(page.gate.costs_measured) < 700
    assert len(facts(home, 2, 3)[POST][0]) < 300
