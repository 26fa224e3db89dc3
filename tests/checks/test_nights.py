"""Findings about many nights, and what they are read from."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from sentiment import cli
from sentiment.checks import noise as noise_over_nights
from sentiment.checks import over_nights
from sentiment.checks.nights import label_shares
from sentiment.checks.noise import noise
from sentiment.data import ledger as posts_ledger
from sentiment.data.nights import EVERYBODY, OTHERS, Night, counted, joined, sampled
from sentiment.data.tsv import Post
from sentiment.settings import Settings

LABELS = Settings().label_set
FIRST = date(2026, 1, 1)


def day(number: int) -> date:
    return FIRST + timedelta(number)


def nights(*counts: tuple[int, ...]) -> list[Night]:
    return [Night(day(number), each) for number, each in enumerate(counts)]


SLOW = nights(*[(140, 140, 140)] * 12, *[(165, 130, 125)] * 8)


def test_a_source_that_changes_a_little_and_stays_so_is_named_with_the_night_it_began() -> None:
    found = label_shares({"forum": nights(*[(140, 140, 140)] * 20), "shop": SLOW}, LABELS, day(0))
    assert found.value == pytest.approx(165 / 420 - 1 / 3)
    assert found.examples[0].startswith("source shop: 正面 33.3% → 39.3% since 2026-01-13, noticed on 2026-01-1")


def test_what_was_noticed_before_the_new_nights_is_not_told_again() -> None:
    assert label_shares({"": SLOW}, LABELS, day(12)).value > 0.05  # type: ignore[operator]
    assert label_shares({"": SLOW}, LABELS, day(21)).value == 0


def test_few_nights_and_small_ones_are_not_measured_and_it_says_how_many_are_missing() -> None:
    found = label_shares({"forum": nights(*[(20, 20, 20)] * 5)}, LABELS, day(0))
    assert found.value is None and found.why == "3 more nights of a source are needed, of 50 posts each"
    assert label_shares({}, LABELS, day(0)).why.startswith("8 more nights")
    small = joined(nights((20, 10, 0), (10, 5, 4), (1, 0, 0), (50, 0, 0), (1, 1, 1)), 50)
    assert small == [Night(day(2), (31, 15, 4)), Night(day(3), (50, 0, 0))]


def posts(draw: random.Random, number: int, wrong: float) -> list[Post]:
    said = ("好吃很棒超讚喜歡推薦", "難吃很爛失望討厭後悔", "請問幾點哪裡多少什麼")
    labels = [draw.randrange(3) for _ in range(number)]
    texts = ["".join(draw.choices(said[label] + "天地人山水店家", k=14)) for label in labels]
    turned = [(label + 1) % 3 if draw.random() < wrong else label for label in labels]
    return [Post(text, label) for text, label in zip(texts, turned, strict=True)]


@pytest.mark.parametrize(("grows", "warns"), [(0.0, False), (0.03, True)])
def test_labels_that_grow_worse_slowly_are_noticed(monkeypatch: pytest.MonkeyPatch, grows: float, warns: bool) -> None:
    monkeypatch.setattr(noise_over_nights, "MOST_ROWS", 1_800)
    draw = random.Random(4)
    wrong = [0.05 + grows * max(0, night - 8) for night in range(16)]
    dated = [(day(night), post) for night, share in enumerate(wrong) for post in posts(draw, 100, share)]
    found = noise(dated, posts(draw, 400, 0.05), LABELS, day(0))
    assert bool(found.value) is warns
    assert [example.startswith("labels that look wrong ") for example in found.examples] == [True] * warns


def test_without_enough_nights_or_labels_nothing_is_judged() -> None:
    dated = [(day(night), Post(f"貼文{night}之{number}", 0)) for night in range(10) for number in range(60)]
    assert noise(dated[:300], [], LABELS, day(0)).why == "3 more nights of a source are needed, of 50 posts each"
    assert noise(dated, [], LABELS, day(0)).why == "it needs 20 posts of every label"


@pytest.fixture
def delivered(settings: Settings, deliver: Callable[..., Path]) -> Settings:
    """A home with twelve nights of two large sources and a small one; the larger one praises more in the last four."""
    draw = random.Random(2)
    for night in range(12):
        rows = ["text\tlabel\tsource"]
        for source, number in (("shop", 90), ("forum", 60), ("blog", 3)):
            praised = 0.3 + (0.4 if source == "shop" and night >= 8 else 0)
            rows += [
                f"{source}第{night}夜第{place}篇\t{0 if draw.random() < praised else 1 + place % 2}\t{source}"
                for place in range(number)
            ]
        deliver(f"{night}.tsv", "\n".join(rows) + "\n")
        assert cli.run(["ingest"]) == 0
        with posts_ledger.opened(settings.posts_database) as ledger, ledger.writing() as connection:
            at = f"2026-01-{night + 1:02d}T20:00:00+00:00"
            connection.execute(
                "UPDATE deliveries SET at = ? WHERE number = (SELECT max(number) FROM deliveries)", (at,)
            )
    return settings


def test_the_ledger_tells_what_each_source_brought_by_night(delivered: Settings) -> None:
    with posts_ledger.opened(delivered.posts_database) as ledger:
        found = counted(ledger, 3, nights=8, sources=2)
        some = sampled(ledger, nights=3, most=20)
        assert len(ledger.deliveries()) == 12
    assert set(found) == {"shop", "forum", OTHERS, EVERYBODY}
    assert [night.day for night in found["shop"]] == [date(2026, 1, number + 6) for number in range(8)], "in Taipei"
    assert [night.rows for night in found[EVERYBODY]] == [153] * 8 and {night.rows for night in found[OTHERS]} == {3}
    assert [when for when, _ in some] == sorted([date(2026, 1, number) for number in (11, 12, 13)] * 20)


def test_the_check_of_a_run_tells_it(delivered: Settings) -> None:
    with posts_ledger.opened(delivered.posts_database) as ledger:
        deliveries = ledger.deliveries()
    shares, wrong, word = over_nights.findings(delivered, deliveries[-4:], [], [])
    assert shares.value > 0.15 and any("source shop: 正面" in example for example in shares.examples)  # type: ignore[operator]
    assert (wrong.name, word.name) == ("noise", "words")
    assert over_nights.findings(delivered, [], [], [])[0].value == 0


def test_a_contested_text_does_not_count_and_a_clock_that_went_back_does_no_harm(delivered: Settings) -> None:
    with posts_ledger.opened(delivered.posts_database) as ledger:
        with ledger.writing() as connection:
            connection.execute("UPDATE posts SET standing = 1 WHERE delivery = 12 AND source = 'shop'")
            connection.execute("UPDATE deliveries SET at = '2020-01-01T00:00:00+00:00' WHERE number = 11")
        found = counted(ledger, 3, nights=5, sources=9)
    assert [night.day.day for night in found["shop"]] == [8, 9, 10, 11]
