"""The first page: cards, probes, versions; whatever is missing or broken is a notice."""

from __future__ import annotations

import json

import pytest
from support import models_page_homes as homes

from sentiment.models_page.cards import event_that_labelled
from sentiment.models_page.ledger import read_ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.overview import Overview, overview
from sentiment.settings import Settings


def look(settings: Settings) -> tuple[Overview, list[str]]:
    notices = Notices()
    return overview(read_ledger(settings.history), settings, {}, notices), notices.lines


def test_stable_and_canary_have_the_same_lines_side_by_side(settings: Settings) -> None:
    homes.whole_home(settings.home)
    page, notices = look(settings)
    stable, canary = page.cards
    assert notices == [] and page.missing == []
    assert (stable.label, stable.version, canary.label, canary.version) == ("stable", 2, "canary", 3)
    assert [name for name, _ in stable.figures] == [name for name, _ in canary.figures]
    assert dict(canary.figures) == {
        "Accuracy, frozen set": "0.815 when published, 23 Nov 2026",
        "Accuracy, rolling set": "0.800 when published, 23 Nov 2026",
        "Trained on": "903 rows",
        "Size": "6.4 MB",
        "One post takes (p95)": "14.4 ms",
        "Memory": "780.2 MB",
        "Loads in": "5.7 s",
        "Times and memory": "measured by validate on 2026-11-23 02:03: alone in the embedded server, one request after "
        "the other",
    }
    assert stable.recalls == [("正面", "0.800"), ("負面", "0.860"), ("中立", "0.940")]
    assert (stable.since, stable.who, stable.why) == ("2026-11-23 02:00", "ann", "better on ptt")


def test_stable_and_canary_show_accuracies_on_the_same_rows(settings: Settings) -> None:
    homes.whole_home(settings.home)
    homes.write_decision(settings.home, "night-3", stable=2)
    stable, canary = (dict(card.figures) for card in look(settings)[0].cards)
    assert stable["Accuracy, rolling set"] == "0.793 on the same 450 rows, 27 Nov 2026"
    assert canary["Accuracy, rolling set"] == "0.816 (+2.2 points) on the same 450 rows, 27 Nov 2026"


def test_the_last_probe_is_told_for_both_server_by_server(settings: Settings) -> None:
    homes.whole_home(settings.home)
    stable, canary = look(settings)[0].cards
    assert stable.probe[1][1] == "accuracy 0.830, p95 12.2 ms, 0 of 300 failed"
    assert "accuracy 0.850" in canary.probe[1][1] and canary.probe[2][1] == "unreachable: no route"


def test_a_probe_of_another_version_says_nothing_about_this_one(settings: Settings) -> None:
    homes.whole_home(settings.home)
    homes.write_probes(settings.home, homes.probe(1, 2))
    assert [card.probe for card in look(settings)[0].cards] == [[], []]


def test_an_empty_home_has_a_page_too(settings: Settings) -> None:
    page, notices = look(settings)
    assert page.cards == [] and page.missing == ["stable", "canary"] and page.plots == [] and notices == []


def test_a_missing_run_folder_is_a_notice_and_the_card_stays(settings: Settings) -> None:
    homes.write_history(settings.home, homes.three_versions())
    page, notices = look(settings)
    assert [card.version for card in page.cards] == [2, 3]
    assert notices == [f"The folder runs/night-{n} of version {n} is missing." for n in (2, 3)]


@pytest.mark.parametrize("content", ["", "{", "[]", '"x"', "[" * 50_000, '{"sets": 5}', '{"sets": {"frozen": null}}'])
def test_a_half_written_result_is_a_notice(settings: Settings, content: str) -> None:
    homes.whole_home(settings.home)
    (settings.runs / "night-3" / "gate.json").write_text(content, encoding="utf-8")
    page, notices = look(settings)
    assert page.cards[1].recalls == [] and page.cards[0].recalls and len(notices) == 1
    assert "version 3" in notices[0]


@pytest.mark.parametrize(
    "validation", [{"latency": 5}, {"latency": [1]}, {"latency": [{"batch": 1, "p95_ms": float("nan")}]}, {}]
)
def test_a_validation_of_another_shape(settings: Settings, validation: dict[str, object]) -> None:
    homes.whole_home(settings.home)
    (settings.runs / "night-3" / "validate.json").write_text(json.dumps(validation), encoding="utf-8")
    page, _ = look(settings)
    assert dict(page.cards[1].figures).get("One post takes (p95)", "–") == "–"


@pytest.mark.parametrize("run", ["../../etc", "/etc", "..", ".", "a/b", "x\x00y", "", "ü", "a" * 300])
def test_a_run_of_an_impossible_name_leads_nowhere(settings: Settings, run: str) -> None:
    homes.write_history(settings.home, [homes.published(1, run=run), *homes.steps(1, None)[1:]])
    page, notices = look(settings)
    assert page.cards[0].version == 1 and len(notices) == 1


def test_broken_probes_are_passed_over(settings: Settings) -> None:
    homes.whole_home(settings.home)
    broken = '{"canary": 3, "stable": 2, "at": "x", "outcome": "good", "servers": 7}'
    (settings.serving / "probes.jsonl").write_text(f"garbage\n{broken}\n", encoding="utf-8")
    page, notices = look(settings)
    assert [card.probe for card in page.cards] == [[], []] and notices == []


def test_who_made_it_stable_after_a_rollback_and_an_edit_by_hand() -> None:
    events = homes.typed(homes.steps(1, None) + homes.steps(2, 1))
    (back,) = homes.typed([homes.event("rolled_back", 1, **{"from": 2, "to": 1})])
    (kept,) = homes.typed([homes.event("adopted", 2, stable=1, canary=2, **{"from": {"stable": 1, "canary": None}})])
    assert event_that_labelled("stable", 1, [*events, back]) == back
    assert event_that_labelled("stable", 1, [*events, back, kept]) == back
    assert event_that_labelled("canary", 2, [*events, back, kept]) == kept
    assert event_that_labelled("stable", 9, events) is None
