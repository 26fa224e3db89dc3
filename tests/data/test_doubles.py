"""Posts that were labelled twice: who is contradicted, and how often."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentiment.data.disagreements import decide_all
from sentiment.data.ingest import ingest
from sentiment.data.ledger import opened
from sentiment.data.mix import Mixing
from sentiment.data.prepare import prepare
from sentiment.data.tsv import Post
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings

Deliver = Callable[[str, Any], Path]
Counted = dict[str, tuple[int, int]]


@pytest.fixture
def night(settings: Settings, deliver: Deliver) -> Callable[..., Counted]:
    """Delivers rows of text, label and source, and prepares a run; returns labels and contradicted ones by source."""
    number = 0

    def of(*rows: tuple[str, int, str]) -> Counted:
        nonlocal number
        number += 1
        for place, row in enumerate(rows):  # a delivery each: within one file, two labels of a text are refused
            deliver(f"{number}-{place:03d}.tsv", f"text\tlabel\tsource\n{row[0]}\t{row[1]}\t{row[2]}\n")
        if rows:
            ingest(settings.source_folder, settings)
        found = prepare(RunFolder.named(settings, "night"), settings, "full", Mixing()).doubles
        return {each.source: (each.labels, each.contradicted) for each in found}

    return of


def test_of_two_that_differ_both_are_contradicted_and_a_third_or_a_person_tells_who_errs(
    settings: Settings, night: Callable[..., Counted]
) -> None:
    assert night(("一", 0, "a"), ("二", 0, "a"), ("三", 0, "a")) == {}
    assert night(("一", 0, "b"), ("二", 1, "b")) == {"a": (2, 1), "b": (2, 1)}
    assert night(("二", 0, "c")) == {"a": (2, 0), "b": (2, 1), "c": (1, 0)}
    assert night(("三", 2, "b")) == {"a": (3, 1), "b": (3, 2), "c": (1, 0)}
    decide_all(settings, [Post("三", 2)], "decided", "ann")
    assert night() == {"a": (3, 1), "b": (3, 1), "c": (1, 0)}
    decide_all(settings, [Post("三", 1)], "again", "ann")
    assert night() == {"a": (3, 1), "b": (3, 2), "c": (1, 0)}


def test_the_base_data_is_a_source(night: Callable[..., Counted]) -> None:
    base = "推:這是第{}篇舊文章,內容長到可以拿來混合訓練"
    found = night((base.format(1), 1, "a"), (base.format(2), 2, "a"), (base.format(3), 1, "a"), ("新", 1, "a"))
    assert found == {"a": (3, 1), "base data": (3, 1)}


def test_what_a_source_says_twice_is_no_double_and_a_text_that_was_decided_without_one_is_none(
    settings: Settings, night: Callable[..., Counted]
) -> None:
    assert night(("一", 0, "a"), ("一", 1, "a"), ("二", 0, "a")) == {}
    decide_all(settings, [Post("二", 1)], "decided", "ann")
    assert night() == {}


def test_labels_of_long_ago_do_not_count(settings: Settings, night: Callable[..., Counted]) -> None:
    night(("一", 0, "a"), ("一", 1, "b"))
    with opened(settings.posts_database) as ledger, ledger.writing() as connection:
        connection.execute("UPDATE deliveries SET at = '2020-01-01T00:00:00+00:00' WHERE number <= 2")
        for day in range(90):
            connection.execute(
                "INSERT INTO deliveries SELECT ?, key || ?, hash || ?, 0, 0, 0, 0, date('2021-01-01', ?), 0"
                " FROM deliveries WHERE number = 1",
                (10 + day, day, day, f"+{day} days"),
            )
        connection.execute("UPDATE deliveries SET at = at || 'T00:00:00+00:00' WHERE number >= 10")
    assert set(night(("二", 0, "a"), ("二", 0, "c"))) == {"a", "c"}
