"""Which rows a new frozen test set has: random old ones, the newest new ones, each with its own shares of labels."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.data.refreshing import apportioned, choose
from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.labels import Labels

LABELS = Labels()
OLD = [Post(f"舊{number}", number % 3) for number in range(300)]
POOL = [Post(f"新{number}", 0 if number % 4 else 1 + number // 4 % 2) for number in range(400)]  # 3 of 4 are label 0


@given(st.lists(st.integers(0, 500), min_size=1, max_size=6).flatmap(
    lambda counts: st.tuples(st.integers(0, sum(counts)), st.just(counts))
))  # fmt: skip
def test_shares_are_apportioned_within_a_row_and_no_label_gets_more_than_it_has(found: tuple[int, list[int]]) -> None:
    rows, counts = found
    shares = apportioned(rows, counts)
    assert sum(shares) == rows
    assert all(share <= count for share, count in zip(shares, counts, strict=True))
    assert all(abs(share - rows * count / max(1, sum(counts))) < 1 for share, count in zip(shares, counts, strict=True))


def test_half_stays_and_half_is_the_newest_of_the_pool_with_its_shares() -> None:
    found = choose(OLD, POOL, 200, 80, LABELS)
    assert found.kept == sorted(set(found.kept))
    assert Counter(OLD[place].label for place in found.kept) == {0: 27, 1: 27, 2: 26}
    assert Counter(post.label for post in found.fresh) == {0: 90, 1: 15, 2: 15}
    assert found.fresh == POOL[280:], "the newest 120, as the pool's labels take turns"


def test_the_old_rows_are_drawn_at_random_and_the_same_each_time() -> None:
    first, again = (choose(OLD, POOL, 200, 100, LABELS).kept for _ in range(2))
    assert first == again
    assert first != list(range(100))
    assert first != list(range(200, 300))
    assert choose(OLD[1:], POOL, 200, 100, LABELS).kept != first, "chance comes from the texts"


def test_the_rarest_label_is_taken_from_further_back() -> None:
    pool = [Post("最早", 2), *(Post(f"新{number}", 0) for number in range(9))]
    assert [post.label for post in choose(OLD, pool, 6, 0, LABELS).fresh] == [2, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("rows", "overlap", "said"),
    [
        (500, 50, "must find 450 texts in the rolling test set that no model was trained on; found 400. Give --rows"),
        (100, 100, "--overlap must be less than --rows: a refreshment brings new rows; found 100 of 100 rows"),
        (100, -1, "--overlap must be less than --rows"),
        (600, 301, "--overlap must not be more than the frozen test set has; found 301, and 300 rows"),
    ],
)
def test_a_set_that_cannot_be_made_is_refused_in_one_line(rows: int, overlap: int, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        choose(OLD, POOL, rows, overlap, LABELS)


def test_without_any_new_text_one_has_to_wait() -> None:
    with pytest.raises(InputError, match=r"found 0\. Wait until more was delivered"):
        choose(OLD, [], 100, 50, LABELS)
