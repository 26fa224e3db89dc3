"""The sample data itself: its form, its labels, and that no test text is trained on."""

from __future__ import annotations

from collections import Counter

import pytest

from sentiment.data.identity import identity
from sentiment.data.posts import read_posts
from sentiment.demo.material import SAMPLE
from sentiment.labels import Labels

FILES = {
    "train.tsv": 675,
    "test.tsv": 450,
    "latest_test.tsv": 150,
    "arrivals/night-1.tsv": 450,
    "arrivals/night-2-poisoned.tsv": 560,
}


@pytest.mark.parametrize(("name", "rows"), FILES.items())
def test_a_file_has_its_rows_and_balanced_labels(name: str, rows: int) -> None:
    posts = read_posts(SAMPLE / name, Labels())
    assert len(posts) == rows
    shares = Counter(post.label for post in posts)
    assert set(shares) == {0, 1, 2}
    assert min(shares.values()) > 0.3 * rows


def test_no_text_stands_twice_in_the_whole_sample() -> None:
    found = Counter(identity(post.text) for name in FILES for post in read_posts(SAMPLE / name, Labels()))
    assert sum(found.values()) == sum(FILES.values())
    assert [text for text, count in found.items() if count > 1] == []


def test_night_one_brings_words_that_the_base_does_not_have() -> None:
    base = "".join(post.text for post in read_posts(SAMPLE / "train.tsv", Labels()))
    night = [post.text for post in read_posts(SAMPLE / "arrivals" / "night-1.tsv", Labels())]
    new_words = ("穩到起飛", "絲滑", "幽靈煞", "斷片", "領航模式")
    assert all(word not in base and sum(word in text for text in night) >= 10 for word in new_words)
