"""A retracted delivery: the ledger is as if it had never come; undone, as if it had always been there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment.data import retraction
from sentiment.data.claims import CONTESTED, DECIDED, PLAIN
from sentiment.data.identity import VERSION, identity, is_rolling
from sentiment.data.ledger import Ledger, opened
from sentiment.data.ledger_batch import Accepted, Counts
from sentiment.data.ledger_schema import FORMAT_2, FROM_2, new_salt, set_up
from sentiment.data.statements import MOST_A_DELIVERY, MOST_REPEATS, keep_first
from sentiment.data.tsv import Post
from sentiment.serving import retractions

TEXTS, SOURCES = ("甲a", "乙b", "丙c"), ("PTT", "Dcard")
SALT = b"s" * 32


class Delivery(NamedTuple):
    """Rows of text (in two spellings), label and source; None as the label: its annotators disagree."""

    rows: tuple[tuple[str, int | None, str], ...]


class Decided(NamedTuple):
    text: str
    label: int


class Change(NamedTuple):
    """The delivery at this place among the deliveries is retracted, or taken in again."""

    place: int
    undone: bool


spelt = st.sampled_from([*TEXTS, *(text.upper() for text in TEXTS)])
rows = st.tuples(spelt, st.sampled_from([0, 0, 1, 2, None]), st.sampled_from(SOURCES))
deliveries = st.builds(Delivery, st.lists(rows, min_size=1, max_size=5).map(tuple))
steps = st.lists(
    st.one_of(
        deliveries,
        deliveries,
        st.builds(Decided, st.sampled_from(TEXTS), st.integers(0, 2)),
        st.builds(Change, st.integers(0, 5), st.booleans()),
        st.builds(Change, st.integers(0, 5), st.just(False)),
    ),
    min_size=3,
    max_size=10,
)


@contextmanager
def opened_in_memory() -> Iterator[Ledger]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        set_up(Path(":memory:"), connection)
        yield Ledger(connection)


def take(ledger: Ledger, number: int, delivery: Delivery) -> None:
    with ledger.writing():
        for text, label, source in delivery.rows:
            key = identity(text)
            if label is None:
                ledger.dispute(key, number, source)
            else:
                ledger.put([Accepted(key, Post(text, label, "", source), number, is_rolling(key, 0.5, SALT))])
        ledger.record(number, f"{number}.tsv", f"hash {number}", Counts())


def decide(ledger: Ledger, number: int, decided: Decided) -> None:
    key = bytes.fromhex(identity(decided.text))
    with ledger.writing() as connection:
        if connection.execute("SELECT 1 FROM posts WHERE identity = ?", (key,)).fetchone():
            keep_first(connection, [key])
            query = f"UPDATE posts SET label = ?, delivery = ?, standing = {DECIDED} WHERE identity = ?"
            connection.execute(query, (decided.label, number, key))
            query = "INSERT INTO decisions (identity, delivery, label, who, at) VALUES (?, ?, ?, 'ops', '')"
            connection.execute(query, (key, number, decided.label))
        ledger.record(number, f"{number} decided", f"hash {number}", Counts())


def alter(ledger: Ledger, delivery: int, undone: bool) -> None:
    with ledger.writing() as connection:
        if (delivery in retractions.retracted(connection)) == undone:
            texts = retraction.touched(connection, delivery)
            number = retraction.change(ledger, connection, delivery, undone, "ops", "wrong labels")
            retraction.apply(connection, number, texts)


def held(ledger: Ledger) -> dict[str, Any]:
    with ledger.reading() as connection:
        claims = connection.execute("SELECT identity, source, label FROM claims ORDER BY 1, 2").fetchall()
    return {
        "posts": {item.identity: (item.post, item.rolling, item.standing) for item in ledger.posts()},
        "claims": claims,
    }


@settings(max_examples=60)
@given(steps)
def test_the_ledger_is_as_if_retracted_deliveries_had_never_come(steps: list[Any]) -> None:
    there: dict[int, Delivery | Decided] = {}
    left_out: set[int] = set()
    seen: list[tuple[int, dict[str, tuple[int, int]]]] = []
    with opened_in_memory() as ledger:
        for step in steps:
            number = ledger.watermark() + 1
            if isinstance(step, Change) and there:
                delivery = sorted(there)[step.place % len(there)]
                alter(ledger, delivery, step.undone)
                (left_out.discard if step.undone else left_out.add)(delivery)
            elif isinstance(step, Delivery):
                take(ledger, number, step)
                there[number] = step
            elif isinstance(step, Decided) and ledger.labels_of([identity(step.text)]):
                decide(ledger, number, step)
                there[number] = step
            seen.append((ledger.watermark(), {item.identity: shown(item) for item in ledger.posts()}))
            if left_out or isinstance(step, Change):
                assert held(ledger) == as_if({number: one for number, one in there.items() if number not in left_out})
            assert not left_out & {item.delivery for item in ledger.posts()}
        # Whatever differs from what a model of some night could have seen is new to it.
        for watermark, before in seen:
            for item in ledger.posts():
                assert before.get(item.identity) == shown(item) or item.delivery > watermark


def shown(item: Accepted) -> tuple[int, int]:
    return item.post.label, item.standing


def as_if(there: dict[int, Delivery | Decided]) -> dict[str, Any]:
    with opened_in_memory() as ledger:
        for number, one in sorted(there.items()):
            take(ledger, number, one) if isinstance(one, Delivery) else decide(ledger, number, one)
        return held(ledger)


OLD = [  # identity, text, label, delivery, standing
    (b"agreed", "大家都說好", 1, 1, PLAIN),
    (b"differ", "兩個來源不同", 0, 2, CONTESTED),
    (b"once", "只來過一次", 0, 3, PLAIN),
    (b"open", "標記者不一致", 0, 3, CONTESTED),
]


def test_a_ledger_of_format_3_loses_nothing_and_leaves_out_what_it_knows(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        for statement in (*FORMAT_2, *FROM_2, "PRAGMA user_version = 3"):
            connection.execute(statement)
        for number in (1, 2, 3):
            connection.execute("INSERT INTO deliveries VALUES (?, ?, '', 1, 0, 0, 0, '', 0)", (number, f"{number}.tsv"))
        about = (("identity", VERSION), ("salt", new_salt()))  # every ledger of this format had both
        connection.executemany("INSERT INTO about (name, value) VALUES (?, ?)", about)
        connection.executemany("INSERT INTO posts VALUES (NULL, ?, ?, '', ?, 'PTT', ?, 0, ?)", OLD)
        said = [
            (b"agreed", "PTT", 1, 1),
            (b"agreed", "Dcard", 1, 2),
            (b"differ", "PTT", 0, 1),
            (b"differ", "Dcard", 1, 2),
        ]
        connection.executemany("INSERT INTO claims VALUES (?, ?, ?, ?)", said)
        connection.commit()
    with opened(path) as ledger:
        before = held(ledger)
        alter(ledger, 2, undone=False)
        assert {item.post.text: (item.post.label, item.standing) for item in ledger.posts()} == {
            "大家都說好": (1, PLAIN),
            "兩個來源不同": (0, PLAIN),
            "只來過一次": (0, PLAIN),
            "標記者不一致": (0, CONTESTED),
        }
        alter(ledger, 3, undone=False)
        assert sorted(item.post.text for item in ledger.posts()) == ["兩個來源不同", "大家都說好"]
        for number in (3, 2):
            alter(ledger, number, undone=True)
        assert held(ledger) == before


def test_a_decision_that_only_repeated_another_leaves_the_text_with_no_retracted_number() -> None:
    with opened_in_memory() as ledger:
        take(ledger, 1, Delivery((("甲a", 0, "PTT"),)))
        for number in (2, 3):
            decide(ledger, number, Decided("甲a", 1))
        alter(ledger, 3, undone=False)
        assert [(item.post.label, item.standing, item.delivery) for item in ledger.posts()] == [(1, DECIDED, 4)]


def test_what_the_retraction_does_not_change_stays_known_to_the_models() -> None:
    with opened_in_memory() as ledger:
        for number, label in ((1, 0), (2, 1), (3, 2)):
            take(ledger, number, Delivery((("甲a", label, "PTT"), (f"乙{number}", 0, "PTT"))))
        alter(ledger, 2, undone=False)
        found = {item.post.text: (item.post.label, item.delivery) for item in ledger.posts()}
        assert found == {"甲a": (2, 3), "乙1": (0, 1), "乙3": (0, 3)}
        alter(ledger, 3, undone=False)
        found = {item.post.text: (item.post.label, item.delivery) for item in ledger.posts()}
        assert found == {"甲a": (0, 5), "乙1": (0, 1)}, "the label before is new to a model that saw another"


def test_a_text_keeps_its_side_when_it_comes_again() -> None:
    with opened_in_memory() as ledger:
        for number in (1, 3):
            with ledger.writing():
                post = Post("甲", number % 3)
                ledger.put([Accepted(identity("甲"), post, number, rolling=number == 1)])
                ledger.record(number, f"{number}.tsv", str(number), Counts())
            if number == 1:
                alter(ledger, 1, undone=False)
                assert list(ledger.posts()) == []
        assert [(item.post.label, item.rolling, item.delivery) for item in ledger.posts()] == [(0, True, 3)]


def test_what_is_said_again_every_night_does_not_fill_the_disk() -> None:
    def kept() -> int:
        with ledger.reading() as connection:
            return int(connection.execute("SELECT count(*) FROM statements").fetchone()[0])

    with opened_in_memory() as ledger:
        for number in range(1, 13):
            take(ledger, number, Delivery((("甲a", 0, "PTT"),)))
        assert kept() == MOST_REPEATS
        take(ledger, 13, Delivery((("甲a", 1, "PTT"),)))
        take(ledger, 14, Delivery((("甲a", 0, "PTT"),)))
        assert kept() == MOST_REPEATS + 2, "another label begins anew"
        for number in range(1, MOST_REPEATS):
            alter(ledger, number, undone=False)
        alter(ledger, 14, undone=False)
        assert [item.post.label for item in ledger.posts()] == [1]
        alter(ledger, 13, undone=False)
        assert [item.post.label for item in ledger.posts()] == [0]


@pytest.mark.parametrize("at_once", [1_000, 7])
def test_a_delivery_that_says_a_text_with_ever_other_labels_does_not_fill_the_disk(at_once: int) -> None:
    key, rolling = identity("甲a"), is_rolling(identity("甲a"), 0.5, SALT)
    with opened_in_memory() as ledger:
        take(ledger, 1, Delivery((("甲a", 2, "PTT"),)))
        said = [Accepted(key, Post("甲a", number % 2, "", "PTT"), 2, rolling) for number in range(1_000)]
        with ledger.writing():
            for start in range(0, len(said), at_once):
                ledger.put(said[start : start + at_once])
            ledger.record(2, "2.tsv", "2", Counts())
        with ledger.reading() as connection:
            assert connection.execute("SELECT delivery, count(*) FROM statements GROUP BY 1").fetchall() == [
                (1, 1), (2, MOST_A_DELIVERY),
            ]  # fmt: skip
        alter(ledger, 2, undone=False)
        assert [item.post.label for item in ledger.posts()] == [2]
        alter(ledger, 2, undone=True)
        alter(ledger, 1, undone=False)
        assert [(item.post.label, item.standing) for item in ledger.posts()] == [(1, PLAIN)]
