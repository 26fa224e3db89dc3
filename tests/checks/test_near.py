"""Near copies of test texts."""

from __future__ import annotations

import random
import tracemalloc

import pytest

from sentiment.checks import near
from sentiment.checks.near import copies, near_tests, shingles, similarity
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


def _blocks(share: float, texts: int, letters: int) -> list[Post]:
    """Returns texts that each hold a `share` of the same blocks: at 0.85 they are all candidates, and few are alike."""
    draw = random.Random(7)
    blocks = ["".join(chr(draw.randrange(0x4E00, 0x9FA5)) for _ in range(20)) for _ in range(letters // 20)]
    return posts(*("".join(block for block in blocks if draw.random() < share) for _ in range(texts)))


def test_posts_that_are_all_nearly_alike_are_not_compared_pair_by_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []

    def never_alike(left: set[bytes], right: set[bytes]) -> float:
        compared.extend((len(left), len(right)))
        return 0.0

    monkeypatch.setattr(near, "similarity", never_alike)
    monkeypatch.setattr(near, "CROWD", 30)
    crowd = _blocks(0.85, 100, 600)
    near_tests(crowd[:40], crowd[40:])
    copies(crowd[:40], crowd)
    assert 40 < len(compared) <= 2 * 2 * 40 * near.MOST_COMPARED and max(compared) <= near.LONGEST


def test_of_a_crowd_the_likeliest_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "MOST_COMPARED", 1)
    crowd = _blocks(0.85, 40, 600)
    assert near_tests(posts(f"推{crowd[-1].text}"), crowd).value == 1.0


def test_a_crowd_of_copies_is_found_though_most_of_it_is_not_in_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "CROWD", 3)
    crowd = posts(*(f"{TEST}{number}" for number in range(20)))
    assert len(copies(crowd, crowd).examples) == near.MOST_EXAMPLES


def test_long_posts_take_no_more_memory_than_their_beginnings() -> None:
    long = _blocks(0.5, 30, 20_000)
    tracemalloc.start()
    try:
        near_tests(long[:15], long[15:])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6 << 20
