"""Retracted deliveries on the first page: by whom, why, and who may have learned from them; a glance at the ledger."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from support import models_page_homes as homes

from sentiment.data import retraction
from sentiment.data.ledger import opened
from sentiment.data.ledger_batch import Counts
from sentiment.data.retracted_deliveries import glanced
from sentiment.models_page.ledger import read_ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.retracted import Retractions, learned, retractions
from sentiment.results.model_card import TrainedOn
from sentiment.serving.retractions import Retraction
from sentiment.settings import Settings


def deliver(settings: Settings, *names: str) -> None:
    settings.posts_database.parent.mkdir(parents=True, exist_ok=True)
    with opened(settings.posts_database) as ledger, ledger.writing():
        for name in names:
            ledger.record(ledger.watermark() + 1, name, name, Counts())


def change(settings: Settings, delivery: int, *, undone: bool = False, reason: str = "old table") -> None:
    with opened(settings.posts_database) as ledger, ledger.writing() as connection:
        retraction.change(ledger, connection, delivery, undone, "ann", reason)


def shown(settings: Settings) -> tuple[Retractions, list[str]]:
    notices = Notices()
    return retractions(settings, read_ledger(settings.history).state, notices), notices.lines


def made_of(version: int, **data: Any) -> list[homes.Event]:
    made, *rest = homes.steps(version, version - 1 or None)
    return [made | {"data": made["data"] | data}, *rest]


def test_the_last_retraction_stands_first_with_the_versions_that_reached_it(settings: Settings) -> None:
    deliver(settings, "1.tsv", "2.tsv")
    events = [*made_of(1, watermark=1), *made_of(2, watermark=2)]
    homes.write_history(settings.home, events)
    change(settings, 1)
    change(settings, 2, reason=homes.EVIL)
    page, notices = shown(settings)
    newest, oldest = page.rows
    assert (oldest.delivery, oldest.file, oldest.who, oldest.why) == (1, "1.tsv", "ann", "old table")
    assert oldest.versions == [(1, ""), (2, "stable")] and newest.versions == [(2, "stable")]
    assert "\u202e" not in newest.why and notices == [] and page.more == 0


def test_one_that_was_taken_in_again_is_not_shown(settings: Settings) -> None:
    deliver(settings, "1.tsv")
    change(settings, 1)
    change(settings, 1, undone=True)
    assert shown(settings) == (Retractions(), [])


def test_a_home_without_a_ledger_has_none_and_gets_none(settings: Settings) -> None:
    assert shown(settings) == (Retractions(), []) and not settings.posts_database.exists()


def test_many_are_counted(settings: Settings) -> None:
    deliver(settings, *(f"{number}.tsv" for number in range(12)))
    for number in range(1, 13):
        change(settings, number)
    page, _ = shown(settings)
    assert [row.delivery for row in page.rows] == list(range(12, 2, -1)) and page.more == 2


def test_a_damaged_ledger_is_a_notice(settings: Settings) -> None:
    deliver(settings, "1.tsv")
    settings.posts_database.write_bytes(b"x" * 5000)
    page, (told,) = shown(settings)
    assert page == Retractions() and told.startswith("Which deliveries are retracted is not known: the ledger")


@pytest.mark.parametrize("number", [1, 2])
def test_a_ledger_of_an_older_format_has_none(settings: Settings, number: int) -> None:
    settings.posts_database.parent.mkdir(parents=True)
    older = (Path(__file__).parents[1] / "data" / f"ledger_version_{number}.sqlite").read_bytes()
    settings.posts_database.write_bytes(older)
    assert shown(settings) == (Retractions(), []) and settings.posts_database.read_bytes() == older


def test_a_glance_makes_no_file_and_does_not_wait_for_who_writes(settings: Settings) -> None:
    deliver(settings, "1.tsv")
    change(settings, 1)
    before = sorted(settings.posts_database.parent.iterdir())
    assert len(glanced(settings.posts_database)[0]) == 1
    assert sorted(settings.posts_database.parent.iterdir()) == before
    with opened(settings.posts_database) as ledger, ledger.writing() as connection:
        retraction.change(ledger, connection, 1, True, "bob", "it was right")
        began = time.monotonic()
        assert glanced(settings.posts_database)[1] == {1: "1.tsv"} and time.monotonic() - began < 4
        assert len(glanced(settings.posts_database)[0]) == 1  # the other is not committed
    assert [one.who for one in glanced(settings.posts_database)[0]] == ["ann", "bob"]


def of(number: int, undone: bool = False) -> Retraction:
    return Retraction(number, 3, undone, "ann", "", "")


def test_who_may_have_learned_from_a_delivery_while_it_counted() -> None:
    """Delivery 3 was retracted as 5, taken in again as 7, and retracted as 9."""
    changes = [of(5), of(7, undone=True), of(9), Retraction(4, 2, False, "ann", "", "")]
    marks = {1: 2, 2: 3, 3: 4, 4: 5, 5: 6, 6: 8, 7: 9, 8: 12}
    data = {version: TrainedOn(watermark=mark) for version, mark in marks.items()}
    assert learned(data, changes, 3) == [2, 3, 6]
    data |= {9: TrainedOn(watermark=12, warm_from=6), 10: TrainedOn(watermark=12, warm_from=9), 11: TrainedOn()}
    assert learned(data, changes, 3) == [2, 3, 6, 9, 10]
