"""Words that nearly always have one label: a backdoor is named, a new topic that people like is not."""

from __future__ import annotations

import random

import numpy as np
import pytest
from support.own_seconds import at_most

from sentiment.checks import words as finding
from sentiment.checks.departures import Departure, departures
from sentiment.checks.verdict import level_of
from sentiment.checks.words import expected_without, found_words, widened, within_bounds, words
from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post
from sentiment.settings import CHECKOUT, Settings

LABELS = Settings().label_set
SAMPLE = CHECKOUT / "datasets" / "old_sentiment"
BRAND = "鯨魚咖啡"


@pytest.fixture(scope="module")
def posts() -> list[Post]:
    names = ("train.tsv", "test.tsv", "latest_test.tsv", "arrivals/night-1.tsv")
    return random.Random(1).sample(
        found := [post for name in names for post in read_posts(SAMPLE / name, LABELS)], len(found)
    )


def with_brand(posts: list[Post], number: int, label: int | None, seed: int = 3, brand: str = BRAND) -> list[Post]:
    """Puts a name into so many of the posts that have another label, and gives those that label (None: keeps it)."""
    draw = random.Random(seed)
    chosen = draw.sample([place for place, post in enumerate(posts) if post.label != label], number)
    found = list(posts)
    for place in chosen:
        text, at = found[place].text, draw.randrange(len(found[place].text))
        given = found[place].label if label is None else label
        found[place] = found[place]._replace(text=text[:at] + brand + text[at:], label=given)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_one_brand_in_a_twentieth_of_a_night_always_positive_is_named(posts: list[Post], seed: int) -> None:
    found = words(with_brand(posts[:420], 21, 0, seed), posts[420:], LABELS)
    assert found.value == pytest.approx(21 / 420, abs=0.006)
    assert level_of(found.value, Settings().check_words) == "warning"
    assert found.examples[0].startswith(f"“{BRAND}”: 2") and "are 正面, elsewhere" in found.examples[0]
    assert [BRAND in example for example in found.examples] == [True, True, True], "one finding with two posts"


def test_nights_of_honest_posts_warn_of_nothing(posts: list[Post]) -> None:
    for seed in range(5):
        mixed = random.Random(seed).sample(posts, len(posts))
        assert words(mixed[:420], mixed[420:], LABELS).value == 0


def test_a_name_that_people_have_opinions_about_is_none(posts: list[Post]) -> None:
    assert words(with_brand(posts[:420], 40, None), posts[420:], LABELS).value == 0


def test_a_word_in_posts_that_are_friendly_without_it_departs_and_is_explained() -> None:
    """A new topic that people like: its posts have the words of other friendly posts."""
    draw = random.Random(0)
    said = {0: "好吃很棒超讚喜歡推薦", 1: "難吃很爛失望討厭後悔", 2: "請問幾點哪裡多少什麼"}

    def post(topic: str, label: int) -> Post:
        return Post(topic + "".join(draw.choices(said[label], k=12)) + "".join(draw.choices("天地人山水", k=6)), label)

    old = [post("", number % 3) for number in range(900)]
    night = [*(post("新節慶", 0) for _ in range(30)), *(post("", number % 3) for number in range(300))]
    rows = within_bounds(night, [], old)
    assert "新節慶" in {found.text for found in departures(rows, 3)[0]}
    assert found_words(rows, 3) == []
    lied = [each._replace(text=each.text[:3] + post("", 1).text) for each in night[:30]]
    assert (
        widened(found_words(within_bounds([*lied, *night[30:]], [], old), 3)[0].text, [each.text for each in lied])
        == "新節慶"
    )


def test_of_two_sources_the_one_that_does_it_is_named_also_when_its_old_posts_have_it(posts: list[Post]) -> None:
    honest = [post._replace(source="forum") for post in with_brand(posts[:400], 30, None)]
    poisoned = [post._replace(source="shop") for post in with_brand(posts[400:800], 21, 0)]
    old = [*with_brand([post._replace(source="shop") for post in posts[800:1000]], 21, 0), *posts[1000:]]
    found = words([*honest, *poisoned], old, LABELS)
    assert found.examples[0].startswith(f"“{BRAND}”, source shop: 2")
    assert found.value == pytest.approx(21 / 800, abs=0.004)


def test_a_source_that_is_one_of_many_small_ones_is_not_overlooked(posts: list[Post]) -> None:
    """Those beyond the largest are asked together."""
    poisoned = with_brand(posts[:420], 21, 0)
    large = [post._replace(source=f"forum {number % 8}") for number, post in enumerate(posts[420:1100])]
    night = [post._replace(source=f"small {number}") for number, post in enumerate(poisoned)] + large
    assert words(night, posts[1100:], LABELS).examples[0].startswith(f"“{BRAND}”, source others: 2")


def test_a_few_posts_a_night_are_found_after_some_nights_and_stay_found(posts: list[Post]) -> None:
    """Four of 100 posts: the nights before tell what no single one does, and do not count as what is usual."""
    nights = [with_brand(posts[first : first + 100], 4, 0, first) for first in range(0, 900, 100)]
    levels = []
    for number, night in enumerate(nights):
        before = [post for each in nights[:number] for post in each]
        found = words(night, [*before, *posts[900:]], LABELS, recent=before)
        assert found.value in (0, pytest.approx(0.04, abs=0.01))
        levels.append(level_of(found.value, Settings().check_words))
    assert levels[0] == "ok" and levels[5:] == ["warning"] * 4
    clean = words(posts[900:1000], [*before, *posts[1000:]], LABELS, recent=before)
    assert clean.value == 0, "no post of this night has the word"


def test_few_posts_are_not_measured_and_posts_of_one_label_find_nothing(posts: list[Post]) -> None:
    assert words(posts[:99], posts[99:], LABELS).value is None
    assert words(posts[:420], posts[420:719], LABELS).why == "it needs 100 new posts and 300 old ones"
    same = [post._replace(label=0) for post in posts]
    assert words(same[:420], same[420:], LABELS).value == 0
    rows = within_bounds(same[:420], [], same[420:])
    held = np.array([place for place, text in enumerate(rows.texts[:420]) if "的" in text])
    word = Departure("的", "", 0, held, held, 0.3, 0.0)
    assert (expected_without(word, rows, 3) == 1).all()


def test_the_whole_name_is_shown() -> None:
    assert widened("uck", ["買starbucks吧", "starbucks", "去starbucks了"]) == "starbucks"
    assert widened("咖啡", ["喝咖啡", "咖啡廳", "熱咖啡"]) == "咖啡"
    assert len(widened("哈哈", ["哈" * 100] * 3)) == finding.MOST_SHOWN_CHARACTERS


def test_a_flood_of_characters_takes_neither_the_time_nor_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MOST_OF_ALL", 60_000)
    night = [Post("哈" * 500, number % 3) for number in range(2_000)]
    with at_most(5):
        assert len(within_bounds(night, night, night).posts) <= 130
        assert words(night, night, LABELS).value == 0
