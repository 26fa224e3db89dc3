"""Which text belongs where: never on both sides, the newest label counts, and what is contested is nowhere.

The SQL is held against a model of the rule in plain Python, on every mixture that hypothesis can think of.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sentiment.data import composition
from sentiment.data.claims import APART, CONTESTED, DECIDED, PLAIN
from sentiment.data.composition import Base, Taken
from sentiment.data.identity import identity, of_text, post_identity
from sentiment.data.ledger import Ledger
from sentiment.data.ledger_batch import Accepted, Counts
from sentiment.data.ledger_schema import set_up
from sentiment.data.rolling import Cap, most_of_a_source, rolling
from sentiment.data.selection import Restriction, Slice, Slices, up_to
from sentiment.data.tally import contested, count
from sentiment.data.tsv import Post

EMPTY = Base([], [], [])
EVERYTHING = up_to(99)


@dataclass
class Composition:
    """What a run may train on and is tested on."""

    batch: list[Post] = field(default_factory=list)
    old: list[Post] = field(default_factory=list)
    rolling: list[Post] = field(default_factory=list)
    excluded_leaks: int = 0
    later: int = 0
    contested: int = 0


@contextlib.contextmanager
def dealt(base: Base, arrived: Sequence[Accepted], taken: Taken) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    set_up(Path("a ledger in memory"), connection)
    ledger = Ledger(connection)
    ledger.put(arrived)
    for number in {item.delivery for item in arrived}:
        ledger.record(number, "a.tsv", "hash", Counts())
    composition.load(connection, base)
    composition.deal(connection, taken)
    yield connection
    connection.close()


def compose(base: Base, arrived: Sequence[Accepted], watermark: int = 0) -> Composition:
    return composed(base, arrived, Taken(up_to(watermark), EVERYTHING, EVERYTHING))


def composed(base: Base, arrived: Sequence[Accepted], taken: Taken, cap: int | Cap = 1000) -> Composition:
    with dealt(base, arrived, taken) as connection:
        query = f"SELECT {composition.COLUMNS} FROM dealt {composition.WITH_TEXTS} WHERE kind = 'old'"
        order = " ORDER BY dealt.delivery, dealt.base, dealt.identity"
        return Composition(
            list(composition.batch(connection)),
            [Post(*row) for row in connection.execute(query + order)],
            list(rolling(connection, cap if isinstance(cap, Cap) else Cap(cap))),
            sum(count(connection, "leak", 3)),
            sum(count(connection, "later", 3)),
            contested(connection, ())[0],
        )


def within(slices: Slices, item: Accepted) -> bool:
    return any(
        part.first <= item.delivery <= part.last and (part.sources is None or item.post.source in part.sources)
        for part in slices
    )


def whole(post: Post) -> str:
    return post_identity(post.text, post.title)


def words(post: Post) -> str:
    return identity(post.text)


def in_the_ledger(arrived: Sequence[Accepted]) -> list[Accepted]:
    """Returns what becomes of posts that arrive: a text has one side, that of its first post."""
    sides: dict[str, tuple[bool, bool]] = {}
    found = []
    for item in arrived:
        rolling, is_apart = sides.setdefault(words(item.post), (item.rolling, item.standing == APART))
        found.append(item._replace(rolling=rolling, standing=APART if is_apart else item.standing))
    return found


def model(base: Base, arrived: Sequence[Accepted], taken: Taken, cap: int) -> Composition:
    """The rule, in plain Python: a post is its text and title, but what is on a side is the text."""
    arrived = sorted(in_the_ledger(arrived), key=lambda item: (item.delivery, item.identity))
    trained, rolling_base = ({whole(post): post for post in posts} for posts in (base.train, base.rolling))
    frozen = {words(post) for post in [*base.frozen, *base.must_hold, *base.retired]}
    trained_texts, tested_texts = ({words(post) for post in posts} for posts in (base.train, base.rolling))
    rolling_new: dict[str, Post] = {}
    new: dict[str, Post] = {}
    old = {
        key: post
        for key, post in trained.items()
        if taken.old_base.since is None and (not taken.old_base.sources or post.source in taken.old_base.sources)
    }
    leaks = {key for key, post in trained.items() if words(post) in frozen | tested_texts}
    later: set[str] = set()
    contested, apart = set[str](), set[str]()
    for item in arrived:
        text = words(item.post)
        old.pop(item.identity, None)
        said = [side[item.identity].label for side in (trained, rolling_base) if item.identity in side]
        differs = item.standing != DECIDED and any(label != item.post.label for label in said)
        if item.standing == APART:
            apart.add(item.identity)
            continue
        if item.standing == CONTESTED or differs:
            contested.add(item.identity)
            continue
        if text in tested_texts or (item.rolling and text not in trained_texts):
            if text not in frozen:
                rolling_new[item.identity] = item.post
            continue
        if text in frozen:
            leaks |= {item.identity} if text not in trained_texts else set()
        elif within(taken.seen, item):
            if within(taken.old, item):
                old[item.identity] = item.post
        elif within(taken.new, item):
            new[item.identity] = item.post
        else:
            later.add(item.identity)
    nowhere = rolling_new.keys() | contested | apart
    rolling = [post for post in base.rolling if whole(post) not in nowhere and words(post) not in frozen]
    return Composition(
        batch=list(new.values()),
        old=[post for post in old.values() if words(post) not in frozen | tested_texts],
        rolling=[*rolling, *rolling_new.values()][-cap:],
        excluded_leaks=len(leaks),
        later=len(later),
        contested=len(contested),
    )


def accepted(
    text: str,
    label: int = 0,
    delivery: int = 1,
    rolling: bool = False,
    source: str = "",
    standing: int = PLAIN,
    title: str = "",
) -> Accepted:
    return Accepted(post_identity(text, title), Post(text, label, title, source), delivery, rolling, standing)


def test_what_stable_has_seen_is_old_and_the_rest_is_the_batch() -> None:
    base = Base([Post("底", 1)], [], [])
    found = compose(base, [accepted("一", 0, 1), accepted("二", 1, 2), accepted("三", 2, 4)], watermark=2)
    assert found.old == [Post("底", 1), Post("一", 0), Post("二", 1)]
    assert found.batch == [Post("三", 2)]


def test_rolling_posts_are_tested_on_and_never_trained_on() -> None:
    base = Base([], [], [Post("原", 0)])
    found = compose(base, [accepted("新", 1, rolling=True)], watermark=0)
    assert (found.batch, found.old) == ([], [])
    assert found.rolling == [Post("原", 0), Post("新", 1)]
    assert found.excluded_leaks == 0


def test_a_text_of_a_test_set_is_kept_out_of_training_and_counted() -> None:
    base = Base([Post("推:凍 結", 0), Post("滾動", 1), Post("可以", 2)], [Post("推：凍結", 0)], [Post("滾動", 1)])
    found = compose(base, [accepted("推: 凍結", 2, delivery=3), accepted("新的", 1)], watermark=1)
    assert (found.batch, found.old) == ([], [Post("可以", 2), Post("新的", 1)])
    assert found.excluded_leaks == 2
    assert found.rolling == [Post("滾動", 1)]


def test_the_last_label_of_the_base_counts_and_the_delivered_post_replaces_it() -> None:
    base = Base([Post("甲", 0), Post("甲 ", 1), Post("乙", 0)], [], [Post("丙", 0)])
    found = compose(base, [accepted("乙 ", 0, delivery=5), accepted("丙 ", 0, delivery=5)], watermark=4)
    assert found.old == [Post("甲 ", 1)]
    assert found.batch == [Post("乙 ", 0)]
    assert found.rolling == [Post("丙 ", 0)]


def test_a_text_that_the_base_labels_otherwise_is_nowhere_until_somebody_decides() -> None:
    base = Base([Post("甲", 0), Post("乙", 0)], [Post("丁", 1)], [Post("丙", 0)])
    rows = [("甲", 2), ("丙", 2), ("丁", 0)]
    found = compose(base, [accepted(*row, delivery=5) for row in rows], watermark=4)
    assert (found.old, found.batch, found.rolling, found.contested) == ([Post("乙", 0)], [], [], 2), "丁 is frozen"
    found = compose(base, [accepted(*row, delivery=5, standing=DECIDED) for row in rows], watermark=4)
    assert (found.old, found.batch, found.rolling) == ([Post("乙", 0)], [Post("甲", 2)], [Post("丙", 2)])
    assert found.contested == 0


def test_what_is_contested_or_was_on_both_sides_is_nowhere() -> None:
    arrived = [
        accepted("甲", rolling=side, standing=standing)
        for side in (False, True)
        for standing in (CONTESTED, APART)
    ]  # fmt: skip
    for item in arrived:
        found = compose(Base([Post("甲", 0)], [], [Post("甲", 0)]), [item])
        assert (found.batch, found.old, found.rolling) == ([], [], [])


def test_a_text_that_the_base_trains_on_stays_on_that_side() -> None:
    found = compose(Base([Post("甲", 0)], [], []), [accepted("甲", 0, delivery=2, rolling=True)], watermark=1)
    assert (found.batch, found.old, found.rolling) == ([Post("甲", 0)], [], [])


def test_a_frozen_text_is_not_tested_on_twice() -> None:
    found = compose(Base([], [Post("甲", 0)], []), [accepted("甲", 1, rolling=True)], watermark=0)
    assert (found.batch, found.rolling) == ([], [])


def test_a_text_of_a_retired_test_set_is_neither_trained_nor_tested_on() -> None:
    base = Base([Post("甲", 0), Post("乙", 0)], [Post("丁", 1)], [Post("丙", 0), Post("戊", 0)])
    arrived = [accepted("己", 0, delivery=2), accepted("庚", 0, rolling=True), accepted("辛", 1, rolling=True)]
    before = compose(base, arrived, watermark=1)
    assert [post.text for post in before.old + before.batch] == ["甲", "乙", "己"]
    assert [post.text for post in before.rolling] == ["丙", "戊", "辛", "庚"]
    retired = [Post(text, 0) for text in ("甲", "己", "丙", "庚")]
    after = compose(replace(base, retired=retired), arrived, watermark=1)
    assert [post.text for post in after.old + after.batch] == ["乙"]
    assert [post.text for post in after.rolling] == ["戊", "辛"]
    assert after.excluded_leaks == 2


def test_the_base_rolling_set_stays_as_it_is() -> None:
    posts = [Post("甲", 0), Post("甲 ", 1)]
    assert compose(Base([], [], posts), [], 0).rolling == posts


def test_the_rolling_set_is_capped_to_its_newest_rows_and_the_others_are_not_trained_on() -> None:
    base = Base([], [], [Post("原", 0), Post("本", 0)])
    arrived = [accepted(text, 1, delivery, rolling=True) for text, delivery in (("早", 1), ("中", 2), ("晚", 3))]
    everything = Taken((), EVERYTHING, EVERYTHING)
    assert [post.text for post in composed(base, arrived, everything, cap=4).rolling] == ["本", "早", "中", "晚"]
    found = composed(base, arrived, everything, cap=2)
    assert [post.text for post in found.rolling] == ["中", "晚"]
    assert (found.batch, found.old) == ([], [])


def test_no_source_has_more_than_its_share_of_the_rolling_set_and_the_rest_is_not_trained_on() -> None:
    base = Base([], [], [Post(f"原{number}", 0) for number in range(10)])
    many = [accepted(f"多{number}", 1, number + 1, rolling=True, source="甲") for number in range(100)]
    few = [accepted(f"少{number}", 1, 1, rolling=True, source="乙") for number in range(20)]
    everything = Taken((), EVERYTHING, EVERYTHING)
    found = composed(base, [*many, *few], everything, Cap(1000, 0.5))
    assert [post.text for post in found.rolling if post.source == "甲"] == [f"多{number}" for number in range(70, 100)]
    assert len(found.rolling) == 60
    assert (found.batch, found.old) == ([], [])
    assert len(composed(base, [*many, *few], everything, Cap(1000, 0.5, least=50)).rolling) == 80
    assert len(composed(base, many, everything, Cap(1000, 0.5)).rolling) == 110, "one source alone is not capped"


@given(
    st.dictionaries(st.text("甲乙丙丁"), st.integers(1, 300), min_size=2),
    st.integers(0, 300),
    st.integers(1, 500),
    st.floats(0.01, 1.0),
)
def test_the_most_of_a_source_is_its_share_of_what_comes_out(
    delivered: dict[str, int], others: int, rows: int, share: float
) -> None:
    most = most_of_a_source(delivered, others, Cap(rows, share))
    assert most is not None
    fair = max(share, 1 / len(delivered))

    def allowed(number: int) -> bool:
        return number <= fair * min(rows, others + sum(min(have, number) for have in delivered.values())) + 1e-9

    assert allowed(most)
    assert most == max(delivered.values()) or not allowed(most + 1)


def test_what_the_limits_leave_out_is_neither_new_nor_old() -> None:
    arrived = [
        accepted("甲", delivery=1, source="論壇"),
        accepted("乙", delivery=2, source="論壇"),
        accepted("丙", delivery=2, source="新聞"),
        accepted("丁", delivery=3, source="新聞"),
    ]
    taken = Taken(seen=up_to(1), new=(Slice(2, 3, ("新聞",)),), old=EVERYTHING)
    found = composed(EMPTY, arrived, taken)
    assert [post.text for post in found.batch] == ["丙", "丁"]
    assert [post.text for post in found.old] == ["甲"]
    assert found.later == 1
    after = composed(EMPTY, arrived, replace(taken, seen=(*taken.seen, *taken.new), new=EVERYTHING))
    assert [post.text for post in after.batch] == ["乙"]


def test_a_base_text_that_was_delivered_since_waits_for_a_later_run_and_is_not_mixed_in() -> None:
    taken = Taken(seen=(), new=(), old=EVERYTHING)
    found = composed(Base([Post("甲", 0), Post("乙", 0)], [], []), [accepted("甲", 0)], taken)
    assert (found.old, found.later) == ([Post("乙", 0)], 1)


WORDS = st.sampled_from("甲乙丙丁戊己庚辛")
SOURCES = st.sampled_from(["", "論壇", "新聞"])
TITLES = st.sampled_from(["", "", "串", "題"])
POSTS = st.lists(st.builds(Post, WORDS, st.integers(0, 2), TITLES, SOURCES), max_size=6)
# As in the ledger: a post once, with one delivery.
ACCEPTED = st.dictionaries(
    st.tuples(WORDS, TITLES),
    st.tuples(st.integers(0, 2), st.integers(1, 4), st.booleans(), SOURCES, st.sampled_from(range(4))),
    max_size=8,
).map(lambda found: [accepted(text, *values, title) for (text, title), values in found.items()])  # fmt: skip
SLICES = st.lists(
    st.builds(Slice, st.integers(1, 4), st.integers(1, 4), st.none() | st.lists(SOURCES, min_size=1).map(tuple)),
    max_size=3,
).map(tuple)
OLD_BASE = st.sampled_from([Restriction(), Restriction(sources=("論壇",)), Restriction(sources=("", "新聞"))])


@given(
    st.builds(Base, POSTS, POSTS, POSTS, POSTS, POSTS),
    ACCEPTED,
    st.builds(Taken, SLICES, SLICES, SLICES, OLD_BASE),
    st.integers(1, 9),
)
def test_the_sql_is_the_rule(base: Base, arrived: list[Accepted], taken: Taken, cap: int) -> None:
    found, expected = composed(base, arrived, taken, cap), model(base, arrived, taken, cap)
    assert sorted(found.old, key=str) == sorted(expected.old, key=str)
    found.old = expected.old = []
    assert found == expected


@given(POSTS, POSTS, POSTS, POSTS, ACCEPTED, st.integers(0, 4))
def test_what_always_holds(
    train: list[Post],
    frozen: list[Post],
    rolling: list[Post],
    retired: list[Post],
    arrived: list[Accepted],
    watermark: int,
) -> None:
    found = compose(Base(train, frozen, rolling, retired=retired), arrived, watermark)
    arrived = in_the_ledger(arrived)
    trained = [whole(post) for post in found.batch + found.old]
    trained_texts = {words(post) for post in found.batch + found.old}
    ever_frozen = {words(post) for post in [*frozen, *retired]}
    tested = ever_frozen | {words(post) for post in found.rolling}
    assert not ever_frozen & {words(post) for post in found.rolling}
    assert len(trained) == len(set(trained))
    assert not tested & trained_texts
    candidates = {whole(post) for post in train} | {item.identity for item in arrived}
    held = {item.identity for item in arrived if item.standing == APART}
    held_out = tested | {words(post) for post in rolling}
    untested = {key for key in candidates if of_text(key) not in held_out}
    assert len(untested - set(trained) - held) <= found.contested
    newest = {item.identity: item.post.label for item in arrived}
    assert all(newest.get(whole(post), post.label) == post.label for post in found.batch + found.old)
    assert all(newest.get(whole(post), post.label) == post.label for post in found.rolling)
    assert not held & ({whole(post) for post in found.rolling} | set(trained))
    assert found.excluded_leaks <= len({key for key in candidates if of_text(key) in held_out})


def test_any_number_of_sources_may_have_more_than_their_share() -> None:
    """SQLite takes no condition with a part for each of them."""
    rows = [
        accepted(f"第{number}家的第{each}篇", 0, rolling=True, source=f"論壇{number}")
        for number in range(1_100)
        for each in range(2)
    ]
    found = composed(EMPTY, rows, Taken((), EVERYTHING, ()), Cap(1_100, 0.0)).rolling
    assert len(found) == len({post.source for post in found}) == 1_100
