"""Which text belongs where: never on both sides, and the newest label counts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sentiment.data.composition import Base, compose
from sentiment.data.identity import identity
from sentiment.data.ledger import Accepted
from sentiment.data.tsv import Post

EMPTY = Base([], [], [])


def accepted(text: str, label: int = 0, delivery: int = 1, rolling: bool = False) -> Accepted:
    return Accepted(identity(text), Post(text, label), delivery, rolling)


def test_what_stable_has_seen_is_old_and_the_rest_is_the_batch() -> None:
    base = Base([Post("底", 1)], [], [])
    found = compose(base, [accepted("一", 0, 1), accepted("二", 1, 2), accepted("三", 2, 4)], watermark=2)
    assert found.old == [Post("底", 1), Post("一", 0), Post("二", 1)]
    assert found.batch == [Post("三", 2)]
    assert found.deliveries == [4]


def test_rolling_posts_are_tested_on_and_never_trained_on() -> None:
    base = Base([], [], [Post("原", 0)])
    found = compose(base, [accepted("新", 1, rolling=True)], watermark=0)
    assert (found.batch, found.old) == ([], [])
    assert found.rolling == [Post("原", 0), Post("新", 1)]
    assert found.excluded_leaks == 0


def test_a_text_of_a_test_set_is_kept_out_of_training_and_counted() -> None:
    base = Base([Post("推:凍結!", 0), Post("滾動", 1), Post("可以", 2)], [Post("推：凍結", 0)], [Post("滾動", 1)])
    found = compose(base, [accepted("推 凍結", 2, delivery=3), accepted("新的", 1)], watermark=1)
    assert (found.batch, found.old) == ([], [Post("可以", 2), Post("新的", 1)])
    assert found.excluded_leaks == 2
    assert found.rolling == [Post("滾動", 1)]


def test_the_newest_label_of_a_text_wins_everywhere() -> None:
    base = Base([Post("甲", 0), Post("甲!", 1), Post("乙", 0)], [], [Post("丙", 0)])
    found = compose(base, [accepted("乙", 2, delivery=5), accepted("丙", 2, delivery=5)], watermark=4)
    assert found.old == [Post("甲!", 1)]
    assert found.batch == [Post("乙", 2)]
    assert found.rolling == [Post("丙", 2)]


def test_a_text_that_the_base_trains_on_stays_on_that_side() -> None:
    found = compose(Base([Post("甲", 0)], [], []), [accepted("甲", 1, delivery=2, rolling=True)], watermark=1)
    assert (found.batch, found.old, found.rolling) == ([Post("甲", 1)], [], [])


def test_a_frozen_text_is_not_tested_on_twice() -> None:
    found = compose(Base([], [Post("甲", 0)], []), [accepted("甲", 1, rolling=True)], watermark=0)
    assert (found.batch, found.rolling) == ([], [])


def test_the_base_rolling_set_stays_as_it_is() -> None:
    rolling = [Post("甲", 0), Post("甲!", 1)]
    assert compose(Base([], [], rolling), [], 0).rolling == rolling


WORDS = st.sampled_from("甲乙丙丁戊己庚辛")
POSTS = st.lists(st.builds(Post, WORDS, st.integers(0, 2)), max_size=6)
# As in the ledger: a text once, with one delivery.
ACCEPTED = st.dictionaries(
    WORDS, st.tuples(st.integers(0, 2), st.integers(1, 4), st.booleans()), max_size=8
).map(lambda found: [accepted(text, *values) for text, values in found.items()])  # fmt: skip


@given(POSTS, POSTS, POSTS, ACCEPTED, st.integers(0, 4))
def test_what_always_holds(
    train: list[Post], frozen: list[Post], rolling: list[Post], arrived: list[Accepted], watermark: int
) -> None:
    found = compose(Base(train, frozen, rolling), arrived, watermark)
    trained = [identity(post.text) for post in found.batch + found.old]
    tested = {identity(post.text) for post in [*frozen, *found.rolling]}
    assert len(trained) == len(set(trained))
    assert not tested & set(trained)
    candidates = {identity(post.text) for post in train} | {item.identity for item in arrived}
    assert tested | set(trained) >= candidates
    newest = {item.identity: item.post.label for item in arrived}
    assert all(newest.get(identity(post.text), post.label) == post.label for post in found.batch + found.old)
    assert all(newest.get(identity(post.text), post.label) == post.label or post in rolling for post in found.rolling)
    assert found.excluded_leaks <= len(candidates & tested)
