"""A ledger of format 2 becomes one of today: nothing is lost, nobody changes sides, a kill harms nothing.

The file is one that the version before wrote, with texts that its identity (the words alone) took for one: deliveries
that were relabelled by a variant, texts of symbols, blank texts, a deleted one.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.killed import AT_CALL
from support.results import in_json

from sentiment.data import ingest as ingesting
from sentiment.data import prepare as preparing
from sentiment.data.claims import APART, CONTESTED, PLAIN
from sentiment.data.identity import identity, identity_1
from sentiment.data.ledger import opened
from sentiment.data.ledger_batch import Accepted
from sentiment.data.mix import Mixing
from sentiment.data.posts import each_post
from sentiment.data.tsv import Post, write_posts
from sentiment.errors import InputError
from sentiment.lineage.forget import forget
from sentiment.lineage.texts import Texts
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings
from sentiment.text.invisible import is_blank

VERSION_2 = Path(__file__).with_name("ledger_version_2.sqlite")
ingest = in_json(ingesting.ingest)
prepare = in_json(preparing.prepare)
Deliver = Callable[[str, Any], Path]


@pytest.fixture
def version_2(tmp_path: Path) -> Path:
    return Path(shutil.copy(VERSION_2, tmp_path / "ledger.sqlite"))


@pytest.fixture
def old_home(settings: Settings) -> Settings:
    settings.datasets.mkdir(exist_ok=True)
    shutil.copy(VERSION_2, settings.posts_database)
    return settings


def old_rows(path: Path) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        return connection.execute("SELECT text, label, source, delivery, rolling FROM posts ORDER BY row").fetchall()


def posts_of(path: Path) -> dict[str, Accepted]:
    with opened(path) as ledger:
        found = {item.identity: item for item in ledger.posts()}
        assert len(found) == len(list(ledger.posts()))
        return found


def test_every_text_is_found_by_its_identity_of_today_with_its_label_and_side(version_2: Path) -> None:
    before = old_rows(version_2)
    found = posts_of(version_2)
    for text, label, source, delivery, rolling in before:
        item = found[identity(text)]
        alike = [row for row in before if identity(row[0]) == identity(text)]
        assert item.delivery >= delivery
        if len(alike) == 1:
            assert (item.post, item.delivery, item.rolling) == (Post(text, label, "", source), delivery, bool(rolling))
            assert item.standing == (APART if is_blank(text) else PLAIN)
    assert len(found) == len({identity(row[0]) for row in before}) == len(before) - 4


def test_rows_that_are_one_text_today_become_one_with_what_every_source_said(version_2: Path) -> None:
    found = posts_of(version_2)
    assert (found[identity("👍👍")].standing, found[identity("👍👍")].post.label) == (CONTESTED, 1)
    assert found[identity("!!")].standing == APART, "one half was tested on, the other trained on"
    assert found[identity("好吃")].standing == APART
    with contextlib.closing(sqlite3.connect(version_2)) as connection:
        query = "SELECT source, label, delivery FROM claims WHERE identity = ? ORDER BY source"
        said = connection.execute(query, (bytes.fromhex(identity("👍👍")),)).fetchall()
        assert said == [("Dcard", 1, 2), ("PTT", 0, 1)]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT value FROM about WHERE name = 'identity'").fetchone() == (2,)


def test_what_was_deleted_stays_out(old_home: Settings, deliver: Deliver) -> None:
    deliver("3.tsv", [("要忘記的文章!", 0), ("要 忘記的文章", 1), ("新的", 2)])
    delivery = ingest(old_home.source_folder, old_home)["deliveries"][0]
    assert (delivery["accepted"], delivery["reasons"]) == (1, {"forgotten": 2})
    train = [Post("要忘記的文章", 0), Post("甲" * 30, 1), Post("乙" * 30, 2)]
    write_posts(old_home.base_data / "train.tsv", train)
    prepare(RunFolder.named(old_home, "night"), old_home, "full", Mixing())
    assert "要忘記的文章" not in RunFolder.named(old_home, "night").train.read_text("utf-8")


def sides_after(settings: Settings) -> tuple[set[str], set[str]]:
    run = RunFolder.named(settings, "night")
    prepare(run, settings, "full", Mixing())
    return tuple({post.text for post in each_post(path, settings.label_set)} for path in (run.train, run.rolling))  # type: ignore[return-value]


def test_a_variant_that_comes_back_keeps_the_side_that_both_had(old_home: Settings, deliver: Deliver) -> None:
    before = old_rows(old_home.posts_database)
    articles = [text for text, *_ in before if text.startswith(("訓練文章", "測試文章"))]
    variants = {text: [f"{text.rstrip('?')}{end}" for end in ("", "?", "!", "!?", "…")] for text in articles}
    deliver("3.tsv", [(variant, 0) for texts in variants.values() for variant in texts])
    ingest(old_home.source_folder, old_home)
    train, rolling = sides_after(old_home)
    for text, _, _, _, was_tested in before:
        if text in articles:
            assert not train.intersection(variants[text]) if was_tested else not rolling.intersection(variants[text])
            assert was_tested or train.intersection(variants[text])
    new = {variant for text, texts in variants.items() for variant in texts} - {row[0] for row in before}
    assert not rolling & new, "nobody can aim at the test set with variants of what is in it"


def test_what_the_base_tested_or_trained_on_by_words_alone_stays_so(old_home: Settings) -> None:
    tested, trained, frozen = "訓練文章0", "測試文章3", "訓練文章4"
    write_posts(old_home.base_data / "latest_test.tsv", [Post(f"{tested}!", 2)])
    write_posts(old_home.base_data / "test.tsv", [Post(f"{frozen}~", 1)])
    write_posts(old_home.base_data / "train.tsv", [Post(f"{trained}!", 2), Post("底" * 30, 0), Post("層" * 30, 1)])
    train, rolling = sides_after(old_home)
    assert f"{tested}?" in rolling and f"{tested}?" not in train
    assert f"{trained}?" in train and f"{trained}?" not in rolling
    assert frozen not in train


KILLED = (
    """
import os, signal, sys
from pathlib import Path
import sentiment.data.regrouping as regrouping, sentiment.data.ledger_schema as schema
from sentiment.data.ledger import opened
place, calls = sys.argv[2], int(sys.argv[3])
owner, name = {"identity": (regrouping, "identity"), "merge": (regrouping, "_merge"), "blank": (regrouping, "is_blank"),
    "salt": (schema.os, "urandom"), "end": (schema, "_version")}[place]
"""
    + AT_CALL
    + """
with opened(Path(sys.argv[1])): pass
"""
)


@pytest.mark.parametrize(
    ("place", "call"),
    [
        ("identity", 1),
        ("identity", 20),
        ("merge", 1),
        ("merge", 3),
        ("blank", 1),
        ("blank", 15),
        ("salt", 1),
        ("end", 3),
    ],
)
def test_a_killed_migration_is_made_good_by_the_next_opener(version_2: Path, place: str, call: int) -> None:
    before = old_rows(version_2)
    command = [sys.executable, "-c", KILLED, str(version_2), place, str(call)]
    killed = subprocess.run(command, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert old_rows(version_2) == before
    whole = shutil.copy(VERSION_2, version_2.with_name("left in peace.sqlite"))
    assert posts_of(version_2) == posts_of(Path(whole))


def test_openers_of_an_old_ledger_do_not_get_in_each_others_way(version_2: Path) -> None:
    found: list[dict[str, Accepted]] = []
    salts: set[bytes] = set()

    def look() -> None:
        with opened(version_2) as ledger:
            salts.add(ledger.salt())
            found.append({item.identity: item for item in ledger.posts()})

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [found[0]] * 4 and len(salts) == 1


def test_a_ledger_that_cannot_be_migrated_is_left_as_it_was(version_2: Path) -> None:
    before = old_rows(version_2)
    with contextlib.closing(sqlite3.connect(version_2)) as connection:
        connection.execute("CREATE TABLE claims (x)")
        connection.commit()
    with pytest.raises(InputError, match="format 2 with claims, which later formats have"), opened(version_2):
        pass
    assert old_rows(version_2) == before


def test_a_text_is_found_in_what_old_and_new_runs_saw_and_is_forgotten_there(old_home: Settings) -> None:
    old = RunFolder.named(old_home, "old")
    old.path.mkdir(parents=True)
    saw = sorted(bytes.fromhex(identity_1(text)) for text in ("訓練文章0", "好吃", "別的"))
    old.identities.write_bytes(b"".join(saw))
    prepare(RunFolder.named(old_home, "new"), old_home, "full", Mixing())
    told = forget(Texts(["訓練文章0?"]), "asked", old_home, write=True)
    assert (told["posts"], told["models"]["runs"]) == (1, ["new", "old"])
    told = forget(Texts(["好吃!!"]), "asked", old_home, write=True)
    assert (told["posts"], told["models"]["runs"]) == (0, ["old"]), "version 1 did not tell them apart"
    assert identity("訓練文章0?") not in posts_of(old_home.posts_database)
