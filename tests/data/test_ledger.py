"""The ledger of deliveries and posts."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sentiment.data.identity import identity, identity_1, post_identity
from sentiment.data.ledger import Ledger, opened
from sentiment.data.ledger_batch import IDENTITIES_A_QUERY, Accepted, Counts
from sentiment.data.ledger_schema import new_salt
from sentiment.data.tsv import Post
from sentiment.errors import InputError


def accepted(text: str, label: int, number: int = 1) -> Accepted:
    return Accepted(identity(text), Post(text, label), number, rolling=False)


def add(ledger: Ledger, number: int, *posts: tuple[str, int]) -> None:
    with ledger.writing():
        counts = ledger.put([accepted(text, label, number) for text, label in posts])
        ledger.record(number, f"{number}.tsv", f"hash {number}", counts)


def test_an_empty_ledger_is_made(tmp_path: Path) -> None:
    with opened(tmp_path / "datasets" / "ledger.sqlite") as ledger:
        assert (list(ledger.posts()), ledger.deliveries(), ledger.watermark()) == ([], [], 0)
        assert ledger.newest_hash("a.tsv") is None
        assert ledger.labels_of([identity("甲")]) == {}


def test_posts_come_back_with_their_newest_label_and_delivery(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger.sqlite") as ledger:
        add(ledger, 1, ("甲", 0), ("乙", 1))
        add(ledger, 2, ("甲", 2))
    with opened(tmp_path / "ledger.sqlite") as ledger:
        posts = [(item.post.text, item.post.label, item.delivery) for item in ledger.posts()]
        assert posts == [("乙", 1, 1), ("甲", 2, 2)]
        assert ledger.watermark() == 2
        assert ledger.newest_hash("2.tsv") == "hash 2"
        assert ledger.labels_of([identity(text) for text in "甲乙丙"]) == {identity("甲"): 2, identity("乙"): 1}
        assert [(found.number, found.key, found.counts.relabelled) for found in ledger.deliveries()] == [
            (1, "1.tsv", 0),
            (2, "2.tsv", 1),
        ]


def test_every_field_of_a_post_is_kept(tmp_path: Path) -> None:
    item = Accepted(identity("id"), Post("'; DROP TABLE posts; --", 1, title="標題", source="論壇"), 1, rolling=True)
    with opened(tmp_path / "ledger.sqlite") as ledger:
        with ledger.writing():
            ledger.put([item])
        assert list(ledger.posts()) == [item]


def test_an_error_leaves_nothing_of_a_delivery(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger.sqlite") as ledger:
        with pytest.raises(KeyboardInterrupt), ledger.writing():
            ledger.put([accepted("甲", 0)])
            raise KeyboardInterrupt
        assert list(ledger.posts()) == []


def test_posts_of_one_batch_count_as_if_they_came_one_after_the_other(tmp_path: Path) -> None:
    labels = [("甲", 0), ("甲", 0), ("甲", 1), ("乙", 2), ("甲", 0), ("甲", 2)]
    with opened(tmp_path / "ledger.sqlite") as ledger, ledger.writing():
        together = ledger.put([accepted(text, label) for text, label in labels])
        held = {item.post.text: item.post.label for item in ledger.posts()}
    single = Counts()
    with opened(tmp_path / "other.sqlite") as ledger, ledger.writing():
        for text, label in labels:
            single.add(ledger.put([accepted(text, label)]))
        assert held == {item.post.text: item.post.label for item in ledger.posts()} == {"甲": 2, "乙": 2}
    assert together == single == Counts(accepted=2, duplicate=1, relabelled=3)


def test_more_posts_than_one_query_can_ask_for(tmp_path: Path) -> None:
    posts = [accepted(f"第{number}篇", 0) for number in range(IDENTITIES_A_QUERY + 5)]
    with opened(tmp_path / "ledger.sqlite") as ledger, ledger.writing():
        assert ledger.put(posts).accepted == len(posts)
        assert ledger.put(posts).duplicate == len(posts)
        assert len(ledger.labels_of([item.identity for item in posts])) == len(posts)


def test_every_home_has_a_secret_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    assert len(new_salt()) == 32 and new_salt() != new_salt()
    with opened(tmp_path / "ledger.sqlite") as ledger:
        salt = ledger.salt()
    with opened(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.salt() == salt
        with ledger.writing():
            ledger.put([Accepted(identity("甲"), Post("甲", 0), 1, rolling=True)])
            ledger.put([Accepted(identity("甲"), Post("甲", 1), 2, rolling=False)])
        assert [(item.post.label, item.rolling) for item in ledger.posts()] == [(1, True)], "a side is never changed"


def test_a_second_writer_waits_for_the_first(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    order: list[str] = []

    def second() -> None:
        with opened(path) as ledger, ledger.writing():
            order.append(f"second sees {ledger.watermark()}")

    with opened(path) as ledger:
        with ledger.writing():
            thread = threading.Thread(target=second)
            thread.start()
            thread.join(0.3)
            order.append("first")
            ledger.record(1, "a.tsv", "hash", Counts())
        thread.join()
    assert order == ["first", "second sees 1"]


def test_a_reader_does_not_wait(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with opened(path) as writer, writer.writing():
        writer.record(1, "a.tsv", "hash", Counts())
        with opened(path) as reader, reader.reading():
            assert (list(reader.posts()), reader.watermark()) == ([], 0)


def test_many_may_open_a_new_ledger_at_once(tmp_path: Path) -> None:
    failures: list[BaseException] = []

    def use(number: int) -> None:
        try:
            with opened(tmp_path / "ledger.sqlite") as ledger, ledger.writing():
                ledger.record(ledger.watermark() + 1, f"{number}.tsv", "hash", Counts())
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with opened(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.watermark() == 8


def test_a_file_that_is_no_ledger_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_text("text\tlabel\n" * 100)
    with pytest.raises(InputError, match="must be whole; found damage"), opened(path):
        pass
    assert path.read_text() == "text\tlabel\n" * 100


def test_a_ledger_of_another_format_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "ledger.sqlite") as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(InputError, match=r"format 5 or older; found format 7"), opened(tmp_path / "ledger.sqlite"):
        pass


# A ledger of format 1, as the version before wrote it: two deliveries, 24 posts, one of them relabelled.
VERSION_1 = Path(__file__).with_name("ledger_version_1.sqlite")
OLD_ROWS = "SELECT identity, text, title, label, source, delivery, rolling FROM posts ORDER BY delivery, identity"


@pytest.fixture
def version_1(tmp_path: Path) -> Path:
    return Path(shutil.copy(VERSION_1, tmp_path / "ledger.sqlite"))


def rows_of_version_1(path: Path) -> list[Accepted]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        found = connection.execute(OLD_ROWS).fetchall()
    assert all(key == identity_1(text) for key, text, *_ in found)
    posts = [Accepted(post_identity(text, title), Post(text, label, title, source), delivery, bool(rolling))
             for _, text, title, label, source, delivery, rolling in found]  # fmt: skip
    return sorted(posts, key=lambda item: (item.delivery, item.identity))


def test_a_ledger_of_format_1_is_brought_up_to_date(version_1: Path) -> None:
    before = rows_of_version_1(version_1)
    for _ in range(2):
        with opened(version_1) as ledger:
            assert list(ledger.posts()) == before
            assert [(item.number, item.key) for item in ledger.deliveries()] == [
                (1, "2026-11-01.tsv"),
                (2, "2026-11-02.csv"),
            ]
            assert ledger.labels_of([post_identity("好吃又便宜", "火鍋"), identity("難吃!")]) == {
                post_identity("好吃又便宜", "火鍋"): 0,
                identity("難吃!"): 2,
            }
    with opened(version_1) as ledger, ledger.writing():
        assert ledger.put([accepted("難吃!", 1, 3), accepted("新的", 1, 3)]) == Counts(accepted=1, relabelled=1)
    assert len(before) == 24


def test_a_migration_that_fails_leaves_the_ledger_as_it_was(version_1: Path) -> None:
    before = rows_of_version_1(version_1)
    with contextlib.closing(sqlite3.connect(version_1)) as connection:
        connection.execute("UPDATE posts SET identity = 'no hex' WHERE text = '難吃！'")
        connection.commit()
    with pytest.raises(sqlite3.OperationalError), opened(version_1):
        pass
    with contextlib.closing(sqlite3.connect(version_1)) as connection:
        connection.execute("UPDATE posts SET identity = ? WHERE identity = 'no hex'", (identity_1("難吃"),))
        connection.commit()
    assert rows_of_version_1(version_1) == before


KILLED = """
import os, signal, sys
from pathlib import Path
import sentiment.data.ledger_schema as schema
from sentiment.data.ledger import opened
migrate = schema._migrate
def kill(connection):
    migrate(connection)
    connection.execute("PRAGMA cache_spill = 1")
    os.kill(os.getpid(), signal.SIGKILL)
schema._migrate = kill
with opened(Path(sys.argv[1])): pass
"""


def test_a_killed_migration_is_made_good_by_the_next_opener(version_1: Path) -> None:
    before = rows_of_version_1(version_1)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(version_1)], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert rows_of_version_1(version_1) == before
    with opened(version_1) as ledger:
        assert list(ledger.posts()) == before


def test_openers_of_an_old_ledger_do_not_get_in_each_others_way(version_1: Path) -> None:
    before = rows_of_version_1(version_1)
    found: list[list[Accepted]] = []

    def look() -> None:
        with opened(version_1) as ledger:
            found.append(list(ledger.posts()))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [before] * 4
