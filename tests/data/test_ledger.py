"""The ledger of deliveries and posts."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from sentiment.data.ledger import Accepted, Counts, Ledger, opened
from sentiment.data.tsv import Post
from sentiment.errors import InputError


def add(ledger: Ledger, number: int, *posts: tuple[str, int]) -> None:
    with ledger.writing():
        for text, label in posts:
            ledger.put(Accepted(text, Post(text, label), number, rolling=False))
        ledger.record(number, f"{number}.tsv", f"hash {number}", Counts(accepted=len(posts)))


def test_an_empty_ledger_is_made(tmp_path: Path) -> None:
    with opened(tmp_path / "datasets" / "ledger.sqlite") as ledger:
        assert ledger.snapshot() == ([], 0)
        assert ledger.newest_hash("a.tsv") is None
        assert ledger.label_of("x") is None


def test_posts_come_back_with_their_newest_label_and_delivery(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger.sqlite") as ledger:
        add(ledger, 1, ("甲", 0), ("乙", 1))
        add(ledger, 2, ("甲", 2))
    with opened(tmp_path / "ledger.sqlite") as ledger:
        posts, watermark = ledger.snapshot()
        assert [(item.post.text, item.post.label, item.delivery) for item in posts] == [("乙", 1, 1), ("甲", 2, 2)]
        assert watermark == ledger.watermark() == 2
        assert ledger.newest_hash("2.tsv") == "hash 2"
        assert ledger.label_of("甲") == 2


def test_every_field_of_a_post_is_kept(tmp_path: Path) -> None:
    item = Accepted("id", Post("'; DROP TABLE posts; --", 1, title="標題", source="論壇"), 1, rolling=True)
    with opened(tmp_path / "ledger.sqlite") as ledger:
        with ledger.writing():
            ledger.put(item)
        assert ledger.snapshot() == ([item], 0)


def test_an_error_leaves_nothing_of_a_delivery(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger.sqlite") as ledger:
        with pytest.raises(KeyboardInterrupt), ledger.writing():
            ledger.put(Accepted("甲", Post("甲", 0), 1, rolling=False))
            raise KeyboardInterrupt
        assert ledger.snapshot() == ([], 0)


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
        with opened(path) as reader:
            assert reader.snapshot() == ([], 0)


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
    with pytest.raises(InputError, match="must be the ledger"), opened(path):
        pass
    assert path.read_text() == "text\tlabel\n" * 100


def test_a_ledger_of_another_format_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "ledger.sqlite") as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(InputError, match=r"format 1; found format 7"), opened(tmp_path / "ledger.sqlite"):
        pass
