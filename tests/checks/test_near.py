"""Near copies of test texts."""

from __future__ import annotations

import pytest

from sentiment.checks.near import near_tests, shingles, similarity
from sentiment.data.tsv import Post

TEST = "這家店的牛肉麵湯頭濃郁，牛肉給得很大方，店員也很親切，下次還會再來"


def posts(*texts: str) -> list[Post]:
    return [Post(text, 0) for text in texts]


@pytest.mark.parametrize(
    "copy", [TEST, f"推:{TEST}！！", TEST.replace("下次", "我下次"), TEST.replace("，", " "), TEST + "👍"]
)
def test_a_near_copy_is_found(copy: str) -> None:
    found = near_tests(posts(copy, "完全不同的一篇文章，講的是別的事情"), posts("別的測試文章在這裡放著", TEST))
    assert found.value == 0.5 and "~" in found.examples[0]


@pytest.mark.parametrize("other", [TEST[: len(TEST) // 2], "這家店的拉麵湯頭太鹹，店員態度很差，不會再來", "好吃", ""])
def test_what_only_shares_words_is_not(other: str) -> None:
    assert near_tests(posts(other), posts(TEST, "好吃")).value == 0.0


def test_nothing_new_is_nothing_near() -> None:
    assert near_tests([], posts(TEST)).value == 0.0


def test_similarity_is_that_of_the_shingles() -> None:
    assert shingles("太短了") == set()
    one, other = shingles("一二三四五六七八"), shingles("一二三四五六七九")
    assert similarity(one, one) == 1.0 and similarity(one, other) == pytest.approx(5 / 7)
