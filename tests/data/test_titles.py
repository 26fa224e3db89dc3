"""The same text under two titles are two posts; which side of the split it is on, the text alone decides."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.results import in_json

from sentiment.data import composition
from sentiment.data import ingest as ingesting
from sentiment.data import prepare as preparing
from sentiment.data.claims import CONTESTED, DECIDED, PLAIN
from sentiment.data.disagreements import decide_all, disagreements, read_decided, write_table
from sentiment.data.doubles import doubles
from sentiment.data.identity import HEX_DIGITS, identity, of_text, post_identity
from sentiment.data.ledger import Ledger, opened
from sentiment.data.ledger_batch import Accepted, Counts
from sentiment.data.ledger_schema import set_up
from sentiment.data.mix import Mixing
from sentiment.data.posts import columns_of, read_posts
from sentiment.data.seen import count_in, trained_on
from sentiment.data.selection import up_to
from sentiment.data.tally import contested
from sentiment.data.tsv import Post, write_posts
from sentiment.lineage.forget import forget
from sentiment.lineage.texts import Texts
from sentiment.probe.questions import newest_rolling
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings

ingest = in_json(ingesting.ingest)
prepare = in_json(preparing.prepare)
Deliver = Callable[[str, Any], Path]
Sides = Callable[..., list[str]]
HEAD = "text\tlabel\ttitle\tsource\n"
VERSION_4 = Path(__file__).with_name("ledger_version_4.sqlite")


def posts_of(settings: Settings) -> dict[tuple[str, str], Accepted]:
    with opened(settings.posts_database) as ledger:
        return {(item.post.title, item.post.text): item for item in ledger.posts()}


def deliver_rows(deliver: Deliver, settings: Settings, name: str, *rows: tuple[str, int, str, str]) -> Any:
    deliver(name, HEAD + "".join("\t".join(map(str, row)) + "\n" for row in rows))
    [delivery] = ingest(settings.source_folder, settings)["deliveries"]
    return delivery


def prepared(settings: Settings) -> RunFolder:
    run = RunFolder.named(settings, "night")
    prepare(run, settings, "full", Mixing())
    return run


@given(st.text(max_size=9), st.text(max_size=9), st.text(max_size=9))
def test_an_identity_begins_with_the_texts_and_is_that_without_a_title(text: str, title: str, other: str) -> None:
    text, title, other = (each.encode("utf-8", "replace").decode() for each in (text, title, other))
    assert post_identity(text) == post_identity(text, " \u200b") == identity(text)
    assert of_text(post_identity(text, title)) == identity(text)
    alike = post_identity(text, title) == post_identity(text, other)
    assert alike == (post_identity("", title) == post_identity("", other))
    assert len(post_identity(text, title)) in (HEX_DIGITS, 2 * HEX_DIGITS)


def test_the_same_text_under_two_titles_are_two_posts(settings: Settings, deliver: Deliver) -> None:
    rows = [
        ("推", 0, "火鍋大推", "甲"),
        ("推", 1, "火鍋踩雷", "乙"),
        ("推", 2, "", "丙"),
        ("推 ", 0, "火鍋 大推", "甲"),
    ]
    delivery = deliver_rows(deliver, settings, "1.tsv", *rows)
    assert (delivery["accepted"], delivery["duplicate"], delivery["disagreed"]) == (3, 1, 0)
    found = {key: (item.post.label, item.standing) for key, item in posts_of(settings).items()}
    assert found == {("火鍋大推", "推"): (0, PLAIN), ("火鍋踩雷", "推"): (1, PLAIN), ("", "推"): (2, PLAIN)}
    run = prepared(settings)
    trained = [post for post in read_posts(run.train, settings.label_set) if post.text == "推"]
    tested = [post for post in read_posts(run.rolling, settings.label_set) if post.text == "推"]
    assert len(trained) + len(tested) == 3 and not (trained and tested)


def test_one_post_is_relabelled_and_disagreed_about_under_its_own_title(settings: Settings, deliver: Deliver) -> None:
    deliver_rows(deliver, settings, "1.tsv", ("推", 0, "甲串", "PTT"), ("推", 0, "乙串", "PTT"))
    told = deliver_rows(deliver, settings, "2.tsv", ("推", 1, "甲串", "PTT"), ("推", 1, "乙串", "Dcard"))
    assert (told["relabelled"], told["disagreed"]) == (1, 1)
    found = posts_of(settings)
    assert [(found[title, "推"].post.label, found[title, "推"].standing) for title in ("甲串", "乙串")] == [
        (1, PLAIN),
        (0, CONTESTED),
    ]


def test_a_person_decides_about_a_post_with_its_title(settings: Settings, deliver: Deliver, tmp_path: Path) -> None:
    for name, label, source in (("1.tsv", 0, "PTT"), ("2.tsv", 1, "Dcard")):
        deliver_rows(deliver, settings, name, ("推", label, "甲串", source), ("推", 0, "乙串", source))
    write_table(tmp_path / "them.tsv", disagreements(settings), settings.label_set)
    assert columns_of(tmp_path / "them.tsv")[:3] == ["text", "title", "label"]
    filled = (tmp_path / "them.tsv").read_text("utf-8").replace("推\t甲串\t\t", "推\t甲串\t負面\t")
    (tmp_path / "them.tsv").write_text(filled, "utf-8")
    decide_all(settings, read_decided(tmp_path / "them.tsv", settings.label_set), "them.tsv", "amy")
    found = posts_of(settings)
    assert (found["甲串", "推"].post.label, found["甲串", "推"].standing) == (1, DECIDED)
    assert (found["乙串", "推"].post.label, found["乙串", "推"].standing) == (0, PLAIN)


def test_a_text_of_a_test_set_is_trained_on_under_no_title(settings: Settings, deliver: Deliver) -> None:
    with (settings.base_data / "test.tsv").open("a", encoding="utf-8") as file:
        file.write("推\t0\n")
    deliver_rows(deliver, settings, "1.tsv", ("推", 0, "甲串", ""), ("推", 1, "", ""), ("別的", 1, "甲串", ""))
    run = prepared(settings)
    assert [post.text for post in read_posts(run.train, settings.label_set)].count("推") == 0
    assert [post.text for post in read_posts(run.rolling, settings.label_set)].count("推") == 0


def test_a_text_of_the_frozen_set_is_trained_on_as_no_title_either(settings: Settings, deliver: Deliver) -> None:
    """As it was, whoever knew a test text could have a model read it, with a label, as the title of another post."""
    with (settings.base_data / "test.tsv").open("a", encoding="utf-8") as file:
        file.write("這家店的牛肉麵\t0\n")
    train = settings.base_data / "train.tsv"
    rows = [*read_posts(train, settings.label_set), Post("樓上說得對", 1, "這家店的牛肉麵")]
    write_posts(train, rows)
    secret, other = " 這家店的 牛肉麵​ ", "別家店的牛肉麵"
    delivered = [(f"第{number}個回覆", number % 3, title, "") for number in range(40) for title in (secret, other)]
    deliver_rows(deliver, settings, "1.tsv", *delivered, ("沒有標題", 1, "", ""))
    found = read_posts(prepared(settings).train, settings.label_set)
    assert {post.title for post in found} == {"", other}
    assert "樓上說得對" not in {post.text for post in found}


def test_titles_that_are_texts_of_the_rolling_set_stay_and_are_counted(
    settings: Settings, deliver: Deliver, sides: Sides
) -> None:
    [tested], replies = sides(True, 1), sides(False, 4)
    of_base = read_posts(settings.base_data / "latest_test.tsv", settings.label_set)[0].text
    titles = (f" {tested} ", of_base, replies[0], "")
    deliver_rows(
        deliver,
        settings,
        "1.tsv",
        (tested, 0, "", ""),
        *((text, 1, title, "") for text, title in zip(replies, titles, strict=True)),
    )
    run = RunFolder.named(settings, "night")
    found = prepare(run, settings, "full", Mixing(mix_number=5, minimum_content_length=0))
    assert found["under_tested"] == 2
    trained = {post.text for post in read_posts(run.train, settings.label_set)}
    assert set(replies) <= trained and tested not in trained


def test_what_the_base_says_under_another_title_contradicts_nobody() -> None:
    titled, alone = Post("推", 1, "串", "PTT"), Post("推", 1, "", "PTT")
    for post, doubled in ((titled, 0), (alone, 2)):
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            set_up(Path("a ledger in memory"), connection)
            ledger = Ledger(connection)
            ledger.put([Accepted(post_identity(post.text, post.title), post, 1, rolling=False)])
            ledger.record(1, "a.tsv", "hash", Counts())
            composition.load(connection, composition.Base([Post("推", 0)], [], []))
            composition.deal(connection, composition.Taken((), up_to(9), ()))
            assert len(doubles(connection, [])) == doubled
            assert contested(connection, ())[0] == bool(doubled)


@pytest.mark.parametrize("first", ["trusted", "stranger"])
def test_a_text_has_one_side_under_every_title_whoever_delivers_it(
    settings: Settings, deliver: Deliver, sides: Sides, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    monkeypatch.setenv("SENTIMENT_TRUSTED_SOURCES", "PTT")
    from sentiment.settings import read_settings

    trusting = read_settings()
    [text] = sides(rolling=True, number=1)
    sources = {"trusted": "PTT", "stranger": "someone"}
    deliver_rows(deliver, trusting, "1.tsv", (text, 0, "甲串", sources.pop(first)))
    [other] = sources.values()
    deliver_rows(deliver, trusting, "2.tsv", (text, 0, "乙串", other), (text, 0, "", other))
    assert {item.rolling for item in posts_of(trusting).values()} == {first == "trusted"}


def test_files_have_the_column_when_a_row_has_a_title_and_what_was_seen_are_texts(
    settings: Settings, deliver: Deliver, sides: Sides
) -> None:
    first, second = sides(rolling=False, number=2)
    deliver_rows(deliver, settings, "1.tsv", (first, 0, "", ""))
    assert "title" not in columns_of(prepared(settings).train)
    deliver_rows(deliver, settings, "2.tsv", (second, 0, "甲串", ""), (second, 1, "乙串", ""))
    run = prepared(settings)
    assert "title" in columns_of(run.train) and "title" not in columns_of(run.frozen)
    assert trained_on(run.identities, [first, second, "別的"]) == {first, second}
    assert count_in(run.identities, Texts([second]).identities) == 1


def test_a_probe_asks_every_post_of_a_text_that_is_tested_on(
    settings: Settings, deliver: Deliver, sides: Sides
) -> None:
    [text] = sides(rolling=True, number=1)
    deliver_rows(deliver, settings, "1.tsv", (text, 0, "甲串", ""), (text, 1, "乙串", ""))
    found = {(post.title, post.label) for post in newest_rolling(settings, 99) if post.text == text}
    assert found == {("甲串", 0), ("乙串", 1)}


def test_a_text_is_forgotten_under_all_its_titles(settings: Settings, deliver: Deliver) -> None:
    rows = [("推", 0, "甲串", ""), ("推", 1, "乙串", ""), ("推", 1, "", ""), ("別的", 1, "甲串", "")]
    deliver_rows(deliver, settings, "1.tsv", *rows)
    told = in_json(forget)(Texts(["推"]), "asked", settings, True)
    assert told["posts"] == 3
    assert set(posts_of(settings)) == {("甲串", "別的")}
    told = deliver_rows(deliver, settings, "2.tsv", ("推", 0, "丙串", ""), ("新的", 0, "丙串", ""))
    assert (told["accepted"], told["quarantined"]) == (1, 1)


def zipped(path: Path, **members: str) -> bytes:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.tsv", content)
    return path.read_bytes()


def test_members_of_an_archive_disagree_about_a_post_not_about_its_text(
    settings: Settings, deliver: Deliver, tmp_path: Path
) -> None:
    head = "text\tlabel\ttitle\n"
    deliver(
        "a.zip",
        zipped(tmp_path / "a.zip", one=f"{head}推\t0\t甲串\n讚\t0\t甲串\n", two=f"{head}推\t1\t乙串\n讚\t1\t甲串\n"),
    )
    ingest(settings.source_folder, settings)
    assert set(posts_of(settings)) == {("甲串", "推"), ("乙串", "推")}


TOOLS: dict[str, list[dict[str, Any]]] = {
    "prodigy": [
        {"text": "推", "title": "甲串", "label": "正面", "answer": "accept", "_input_hash": 1, "_task_hash": 2},
        {"text": "推", "title": "乙串", "label": "負面", "answer": "accept", "_input_hash": 1, "_task_hash": 3},
    ],
    "doccano": [
        {"id": 1, "text": "推", "title": "甲串", "label": ["正面"], "Comments": []},
        {"id": 2, "text": "推", "title": "乙串", "label": ["負面"], "Comments": []},
    ],
    "argilla": [
        {"fields": {"text": "推", "title": title}, "status": "completed", "suggestions": {},
         "responses": {"sentiment": [{"value": value, "user_id": "u", "status": "submitted"}]}}
        for title, value in (("甲串", "正面"), ("乙串", "負面"))
    ],
    "label studio": [
        {"id": number, "data": {"text": "推", "title": title},
         "annotations": [{"result": [{"from_name": "sentiment", "value": {"choices": [value]}}]}]}
        for number, title, value in ((1, "甲串", "正面"), (2, "乙串", "負面"))
    ],
}  # fmt: skip


@pytest.mark.parametrize("tool", TOOLS)
def test_every_tools_export_may_have_titles(settings: Settings, deliver: Deliver, tool: str) -> None:
    deliver("a.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in TOOLS[tool]))
    ingest(settings.source_folder, settings)
    found = {key: item.post.label for key, item in posts_of(settings).items()}
    assert found == {("甲串", "推"): 0, ("乙串", "推"): 1}


@pytest.fixture
def version_4(tmp_path: Path) -> Path:
    """A ledger as the version before wrote it: titles, a text under three of them, a decision, a retraction."""
    return Path(shutil.copy(VERSION_4, tmp_path / "ledger.sqlite"))


def test_a_ledger_of_format_4_loses_nothing_and_keeps_titles_apart(version_4: Path) -> None:
    with closing(sqlite3.connect(version_4)) as old:
        assert old.execute("PRAGMA user_version").fetchone() == (4,)
        before = {(title, text): row for text, title, *row in old.execute(
            "SELECT text, title, label, delivery, rolling, standing FROM posts")}  # fmt: skip
        said = old.execute("SELECT delivery, label, source, text, title FROM statements ORDER BY number").fetchall()
        sides = dict(old.execute("SELECT text, rolling FROM posts"))
    for _ in range(2):  # the second time there is nothing to do
        with opened(version_4) as ledger, ledger.reading() as new:
            found = {(item.post.title, item.post.text): item for item in ledger.posts()}
            query = "SELECT delivery, label, source, text, title FROM statements ORDER BY number"
            assert new.execute(query).fetchall() == said
            assert [ledger.watermark(), len(ledger.deliveries())] == [6, 6]
            decided = new.execute("SELECT identity, label FROM decisions").fetchall()
            aside = new.execute("SELECT identity FROM set_aside").fetchall()
    assert all(item.identity == post_identity(item.post.text, item.post.title) for item in found.values())
    assert all(item.rolling == bool(sides[item.post.text]) for item in found.values())
    assert set(found) == {*before, ("大推火鍋", "推"), ("踩雷火鍋", "推"), ("", "推")}
    once = {key for key in before if key[1] not in ("推", "同意")}
    for key in once:
        item, row = found[key], before[key]
        assert (item.post.label, item.delivery, item.rolling, item.standing) == (*row[:2], bool(row[2]), row[3])
    replies = {title: (item.post.label, item.delivery) for (title, text), item in found.items() if text == "推"}
    assert replies == {"大推火鍋": (0, 1), "踩雷火鍋": (1, 2), "": (2, 3)}
    assert decided == [(bytes.fromhex(post_identity("好吃", "心得")), 1)]
    assert {key.hex() for (key,) in aside} == {post_identity("只在這裡", "第四次"), post_identity("同意", "踩雷")}


def test_what_is_said_to_a_ledger_of_format_4_goes_on_under_its_title(version_4: Path) -> None:
    def said(text: str, label: int, title: str) -> Accepted:
        return Accepted(post_identity(text, title), Post(text, label, title, "PTT"), 7, rolling=False)

    with opened(version_4) as ledger, ledger.writing():
        posts = [said("推", 1, "大推火鍋"), said("推", 1, "踩雷火鍋")]
        posts += [said("第3篇", 1, "別的標題"), said("真的", 0, "別的")]
        assert ledger.put(posts) == Counts(accepted=2, relabelled=1, duplicate=1)
        new = [item for item in ledger.posts() if item.post.title in ("別的標題", "別的")]
    assert {item.post.text: item.rolling for item in new} == {"第3篇": True, "真的": True}  # the side that the text had
