"""What is asked: the newest posts of the rolling test set, and none that a model has seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentiment.cli import run
from sentiment.data import retraction
from sentiment.data.ledger import opened
from sentiment.data.tsv import Post, write_posts
from sentiment.errors import InputError
from sentiment.probe.questions import choose_questions, newest_rolling
from sentiment.settings import Settings, read_settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    environment = {"SENTIMENT_HOME": str(tmp_path), "SENTIMENT_ROLLING_SHARE": "0.5", "SENTIMENT_SETTLE_SECONDS": "0"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return read_settings(environment)


def base(settings: Settings, name: str, *posts: Post) -> None:
    write_posts(settings.base_data / name, posts)


def posts(word: str, number: int, label: int = 0) -> list[Post]:
    return [Post(f"{word}{index}", label) for index in range(number)]


def deliver(settings: Settings, name: str, *rows: Post) -> None:
    write_posts(settings.datasets / "inbox" / name, rows)
    assert run(["ingest"]) == 0


def test_the_last_delivery_comes_first_then_the_bases_newest(settings: Settings) -> None:
    base(settings, "latest_test.tsv", *posts("舊", 40))
    deliver(settings, "1.tsv", *posts("一", 60))
    deliver(settings, "2.tsv", *posts("二", 60))
    found = newest_rolling(settings, 200)
    words = "".join(post.text[0] for post in found)
    assert words == words.count("二") * "二" + words.count("一") * "一" + words.count("舊") * "舊"
    assert 15 < words.count("二") < 45 and 15 < words.count("一") < 45, "about half of each"
    assert [post.text for post in found][-1] == "舊0"
    assert newest_rolling(settings, 5) == found[:5]


def test_a_text_that_a_source_and_the_base_label_differently_is_not_asked(settings: Settings) -> None:
    base(settings, "latest_test.tsv", *posts("舊", 30, label=0))
    deliver(settings, "1.tsv", Post("舊7", 2), Post("舊8", 0), *posts("新", 5))
    asked = [post.text for post in newest_rolling(settings, 99)]
    assert (asked.count("舊7"), asked.count("舊8"), asked.count("舊9")) == (0, 1, 1)


def test_no_source_owns_the_questions(settings: Settings) -> None:
    for source, night in (("甲", "1.tsv"), ("乙", "2.tsv")):
        deliver(settings, night, *(Post(f"{source}{number}", 0, source=source) for number in range(200)))
    found = newest_rolling(settings, 60)
    assert {source: sum(post.source == source for post in found) for source in "甲乙"} == {"甲": 30, "乙": 30}


def test_no_text_that_the_base_trains_on_is_asked(settings: Settings) -> None:
    trained = posts("練", 50)
    base(settings, "train.tsv", *trained)
    base(settings, "test.tsv", *posts("凍", 3))
    deliver(settings, "1.tsv", *(Post(f"{post.text}！", 1) for post in trained), *posts("凍", 3), *posts("新", 20))
    assert {post.text[0] for post in newest_rolling(settings, 99)} == {"新"}


def test_what_is_or_was_in_the_frozen_set_is_not_asked_as_the_rolling_one(settings: Settings) -> None:
    base(settings, "test.tsv", Post("舊3", 0), Post("新3", 0))
    base(settings, "retired/test-1-2026-01-01.tsv", Post("舊4", 0), Post("新4", 0))
    base(settings, "latest_test.tsv", *posts("舊", 40))
    deliver(settings, "1.tsv", *posts("新", 40), Post("舊3", 0), Post("舊4", 0))
    asked = {post.text for post in newest_rolling(settings, 99)}
    assert {"舊2", "舊5"} <= asked
    assert not asked & {"舊3", "舊4", "新3", "新4"}


def test_too_few_are_replaced_by_the_frozen_set_and_it_says_so(settings: Settings) -> None:
    base(settings, "latest_test.tsv", *posts("舊", 4))
    base(settings, "test.tsv", *posts("凍", 400))
    found = choose_questions(settings)
    assert (found.source, len(found.posts)) == ("frozen", 300)
    assert found.note == "the rolling test set has only 4 posts, so the frozen one is used"


@pytest.mark.parametrize("rolling", [1, 29, 30, 500])
def test_the_rolling_set_is_asked_where_the_frozen_one_is_no_larger(settings: Settings, rolling: int) -> None:
    base(settings, "latest_test.tsv", *posts("舊", rolling))
    base(settings, "test.tsv", Post("凍", 1))
    found = choose_questions(settings)
    assert (found.source, len(found.posts), found.note) == ("rolling", min(rolling, 300), "")


def test_nothing_to_ask_is_one_line_and_makes_no_ledger(settings: Settings) -> None:
    with pytest.raises(InputError, match="must have labelled posts to ask"):
        choose_questions(settings)
    assert not settings.posts_database.exists()


def test_a_frozen_row_of_a_retracted_delivery_is_not_asked(settings: Settings) -> None:
    brought, delivered = posts("凍", 20), posts("新", 5)
    base(settings, "retired/test-1-2026-01-01.tsv", *brought)
    base(settings, "test.tsv", *brought, *delivered)
    base(settings, "latest_test.tsv", *posts("舊", 4))
    deliver(settings, "1.tsv", *delivered)
    with opened(settings.posts_database) as ledger, ledger.writing() as connection:
        texts = retraction.touched(connection, 1)
        retraction.apply(connection, retraction.change(ledger, connection, 1, False, "ops", "wrong"), texts)
    found = choose_questions(settings)
    assert (found.source, [post.text for post in found.posts]) == ("frozen", [post.text for post in brought])
