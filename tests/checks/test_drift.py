"""How far the new posts are from those seen before."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.checks.drift import characters_beside, class_shares, classes_beside, distance, vocabulary
from sentiment.data.tsv import Post
from sentiment.labels import Labels

LABELS = Labels(("正面", "負面", "中立"), ("positive", "negative", "neutral"))
counts = st.dictionaries(st.sampled_from("甲乙丙丁戊"), st.integers(1, 50), min_size=1).map(Counter)


def written(letters: str, count: int, seed: int) -> list[Post]:
    draw = random.Random(seed)
    return [Post("".join(draw.choices(letters, k=20)), 0) for _ in range(count)]


def test_the_largest_change_of_a_share_counts() -> None:
    found = class_shares([10, 80, 10], [50, 50, 0], LABELS)
    assert found.value == pytest.approx(0.4)
    assert list(found.examples) == ["正面 50.0% → 10.0%", "負面 50.0% → 80.0%", "中立 0.0% → 10.0%"]


def test_without_anything_to_compare_nothing_is_measured() -> None:
    assert class_shares([1, 1, 1], [], LABELS).value is None
    assert class_shares([0, 0, 0], [1, 1, 1], LABELS).value is None
    assert vocabulary(written("甲乙", 99, 1), written("甲乙", 500, 2)).value is None


def test_each_class_stands_beside_its_share_before() -> None:
    found = classes_beside([10, 80, 10], [50, 50, 0], LABELS)
    assert [(one.name, one.new, one.stable) for one in found] == [
        ("正面", 0.1, 0.5),
        ("負面", 0.8, 0.5),
        ("中立", 0.1, 0.0),
    ]
    assert classes_beside([1, 1, 1], [], LABELS) == classes_beside([0, 0, 0], [1, 1, 1], LABELS) == []


def test_the_characters_that_changed_most_stand_beside_their_share_before() -> None:
    new, seen = [Post("甲甲乙丙", 0)] * 100, [Post("甲乙乙丙", 0)] * 100
    found = characters_beside(new, seen, most=2)
    assert [(one.name, one.new, one.stable) for one in found] == [("甲", 0.5, 0.25), ("乙", 0.25, 0.5)]
    assert characters_beside(new[:99], seen) == []


@given(left=counts, right=counts)
def test_a_distance_is_symmetric_and_between_0_and_1(left: Counter[str], right: Counter[str]) -> None:
    assert distance(left, right) == pytest.approx(distance(right, left), abs=1e-9)
    assert -1e-9 <= distance(left, right) <= 1 + 1e-9
    assert distance(left, left) == pytest.approx(0, abs=1e-6)


def test_posts_of_the_same_kind_do_not_drift_and_others_do() -> None:
    letters = "".join(chr(0x4E00 + number) for number in range(400))
    same = vocabulary(written(letters, 150, 1), written(letters, 600, 2))
    other = vocabulary(written(letters[200:] + "疫苗確診", 150, 3), written(letters[:300], 600, 4))
    assert same.value is not None and same.value < 0.03
    assert other.value is not None and other.value > 0.3
    assert set("疫苗確診") <= set(vocabulary(written("疫苗確診", 150, 3), written(letters, 600, 4)).examples)
