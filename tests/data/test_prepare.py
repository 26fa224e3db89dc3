"""Prepare: a run's files from base data, the ledger, and what the stable model has seen."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import convert
from support.results import in_json

from sentiment import own_encoder
from sentiment.cli import run as run_verb
from sentiment.data import ingest as ingesting
from sentiment.data import prepare as preparing
from sentiment.data.identity import identity
from sentiment.data.ledger import opened
from sentiment.data.mix import Mixing
from sentiment.data.posts import read_posts
from sentiment.data.prepare import Limits
from sentiment.data.seen import count_in
from sentiment.data.selection import Restriction
from sentiment.data.tsv import Post, write_posts
from sentiment.errors import InputError
from sentiment.results.deliveries import Prepare
from sentiment.results.record import as_json
from sentiment.run_folder import RunFolder
from sentiment.serving.change import changing
from sentiment.settings import Settings

ingest = in_json(ingesting.ingest)
prepare = in_json(preparing.prepare)

Deliver = Callable[[str, Any], Path]
Sides = Callable[..., list[str]]


def prepared(settings: Settings, name: str = "night", mode: str = "auto", **options: int) -> Any:
    return prepare(RunFolder.named(settings, name), settings, mode, Mixing(**options))


def make_stable(settings: Settings, version: int, watermark: int | None, **data: Any) -> None:
    """Makes `version` stable, trained on all deliveries up to `watermark`, and what else its `data` says."""
    data |= {} if watermark is None else {"watermark": watermark}
    with changing(settings, who="a test") as change:
        for event in ("published", "staged", "canary", "promoted"):
            change.record(event, version, **({"data": data} if event == "published" else {}))


def night(deliver: Deliver, settings: Settings, number: int, texts: list[str]) -> None:
    deliver(f"{number}.tsv", [(text, index % 3) for index, text in enumerate(texts)])
    ingest(settings.source_folder, settings)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def texts(path: Path, settings: Settings) -> set[str]:
    return {post.text for post in read_posts(path, settings.label_set)}


def test_the_first_model_learns_all_there_is(settings: Settings, deliver: Deliver, sides: Sides) -> None:
    night(deliver, settings, 1, sides(False, 12) + sides(True, 3))
    folder = RunFolder.named(settings, "night")
    result = prepared(settings)
    assert result == {
        "mode": "full",
        "nothing_new": False,
        "new": {"per_label": [4, 4, 4], "rows": 12},
        "mix": None,
        "train_rows": 102,
        "per_label": [34, 34, 34],
        "frozen_rows": 9,
        "rolling_rows": 9,
        "new_test_rows": 3,
        "excluded_leaks": 0,
        "under_tested": 0,
        "contested": 0,
        "newly_contested": 0,
        "doubles": [],
        "partial": False,
        "left_for_later": 0,
        "watermark": 1,
        "seen": [],
        "fingerprint": sha256(folder.train),
        "warm_from": None,
        "warm_start": None,
        "warm_rows": None,
        "warm_is_base": False,
        "encoder": None,
        "deliveries": [1],
        "used": [{"number": 0, "old": [30, 30, 30]}, {"number": 1, "new": [4, 4, 4]}],
        "tests": {
            "frozen": {"rows": 9, "sha256": sha256(folder.frozen)},
            "rolling": {"rows": 9, "sha256": sha256(folder.rolling)},
        },
        "composition": result["composition"],
    }
    assert texts(folder.batch, settings) == set(sides(False, 12))
    assert texts(folder.train, settings) > set(sides(False, 12))
    assert texts(folder.rolling, settings) > set(sides(True, 3))
    assert folder.frozen.read_bytes() == (settings.base_data / "test.tsv").read_bytes()


def test_without_any_delivery_the_first_model_learns_the_base(settings: Settings) -> None:
    result = prepared(settings)
    assert (result["nothing_new"], result["train_rows"], result["watermark"], result["new"]["rows"]) == (
        False, 90, 0, 0,
    )  # fmt: skip
    assert RunFolder.named(settings, "night").batch.read_text() == "text\tlabel\n"


@pytest.mark.parametrize(
    ("used", "is_base"),
    [([{"number": 0, "old": [30, 30, 30]}], True), ([{"number": 0}, {"number": 1, "new": [1, 1, 1]}], False)],
)
def test_it_records_what_the_version_that_it_continues_from_was_trained_on(
    settings: Settings, deliver: Deliver, sides: Sides, used: list[dict[str, Any]], is_base: bool
) -> None:
    make_stable(settings, 1, watermark=None, rows=675, mode="full", used=used)
    night(deliver, settings, 1, sides(False, 6))
    result = prepared(settings)
    assert (result["warm_from"], result["warm_rows"], result["warm_is_base"]) == (1, 675, is_base)


def test_the_rows_are_shuffled_by_the_seed(settings: Settings) -> None:
    first, again, other = (prepared(settings, f"run{index}", seed=seed) for index, seed in enumerate((1, 1, 2)))
    assert first["fingerprint"] == again["fingerprint"] != other["fingerprint"]
    labels = [post.label for post in read_posts(RunFolder.named(settings, "run0").train, settings.label_set)]
    assert labels != [index % 3 for index in range(90)]


def test_after_a_stable_model_new_rows_come_with_old_ones_mixed_in(
    settings: Settings, deliver: Deliver, sides: Sides
) -> None:
    seen = [f"{text},這是昨天的文章所以已經被模型學過了" for text in sides(False, 40)]
    night(deliver, settings, 1, seen)
    make_stable(settings, 1, watermark=1)
    new = sides(False, 6, word="今天的文章")
    night(deliver, settings, 2, new)
    result = prepared(settings, mix_number=35)
    plan = result["mix"]
    assert (result["mode"], result["warm_from"]) == ("warm", 1)
    assert result["warm_start"] == str(settings.trained / "1")
    assert result["new"] == {"per_label": [2, 2, 2], "rows": 6}
    assert result["deliveries"] == [2]
    # Some of yesterday's texts stand on the rolling side: the pool is the base's 30 a label and the others.
    labels = Counter(post.label for post in _trained_on(settings, seen))
    pool = [30 + labels[label] for label in range(3)]
    assert plan["wanted"] == [35, 35, 35]
    assert plan["available"] == pool
    assert plan["added"] == [min(35, count) for count in pool]
    assert plan["result"] == [2 + added for added in plan["added"]] == result["per_label"]
    folder = RunFolder.named(settings, "night")
    assert texts(folder.batch, settings) == set(new)
    assert texts(folder.train, settings) >= set(new)


def _trained_on(settings: Settings, seen: list[str]) -> list[Post]:
    rolling = {identity(text) for text in texts(RunFolder.named(settings, "night").rolling, settings)}
    return [Post(text, index % 3) for index, text in enumerate(seen) if identity(text) not in rolling]


def test_nothing_new_leaves_no_training_file(settings: Settings, deliver: Deliver, sides: Sides) -> None:
    night(deliver, settings, 1, sides(False, 6))
    folder = RunFolder.named(settings, "night")
    prepared(settings)
    assert folder.train.exists()
    make_stable(settings, 1, watermark=1)
    night(deliver, settings, 2, sides(False, 6) + sides(True, 5))  # known texts, and rolling ones
    result = prepared(settings)
    assert (result["nothing_new"], result["train_rows"], result["fingerprint"]) == (True, 0, None)
    assert (result["watermark"], result["rolling_rows"]) == (2, 11)
    assert not folder.train.exists()


def test_a_person_may_ask_for_all_rows_again(settings: Settings, deliver: Deliver, sides: Sides) -> None:
    night(deliver, settings, 1, sides(False, 6))
    make_stable(settings, 1, watermark=1)
    result = prepared(settings, mode="full")
    assert (result["nothing_new"], result["train_rows"], result["new"]["rows"]) == (False, 96, 0)
    assert (result["mode"], result["warm_from"], result["mix"]) == ("full", None, None)


def test_the_rows_of_a_refused_candidate_are_in_the_next_batch(
    settings: Settings, deliver: Deliver, sides: Sides
) -> None:
    make_stable(settings, 1, watermark=0)
    first, second = sides(False, 12)[:6], sides(False, 12)[6:]
    night(deliver, settings, 1, first)
    assert prepared(settings)["deliveries"] == [1]
    night(deliver, settings, 2, second)
    result = prepared(settings, "next")
    assert (result["deliveries"], result["new"]["rows"]) == ([1, 2], 12)


def test_after_a_rollback_the_rows_are_new_again(settings: Settings, deliver: Deliver, sides: Sides) -> None:
    make_stable(settings, 1, watermark=0)
    night(deliver, settings, 1, sides(False, 6))
    make_stable(settings, 2, watermark=1)
    assert prepared(settings)["nothing_new"]
    with changing(settings, who="a test") as change:
        change.record("rolled_back", 1, why="worse in the evening")
    result = prepared(settings)
    assert (result["warm_from"], result["new"]["rows"]) == (1, 6)


def test_a_model_that_was_trained_elsewhere_has_seen_no_delivery(
    settings: Settings, deliver: Deliver, sides: Sides
) -> None:
    night(deliver, settings, 1, sides(False, 6))
    make_stable(settings, 1, watermark=None)
    assert prepared(settings)["new"]["rows"] == 6


def test_a_leak_is_kept_out_of_the_training_rows(settings: Settings, deliver: Deliver) -> None:
    frozen = read_posts(settings.base_data / "test.tsv", settings.label_set)
    settings = replace(settings, rolling_share=0.0)
    night(deliver, settings, 1, [f"{frozen[0].text[:3]} {frozen[0].text[3:]}", f" {frozen[4].text} "])
    result = prepared(settings)
    assert (result["excluded_leaks"], result["new"]["rows"], result["train_rows"]) == (2, 0, 90)
    assert result["frozen_rows"] == 9


def test_warm_needs_a_stable_model(settings: Settings) -> None:
    with pytest.raises(InputError, match="--mode warm needs a stable model"):
        prepared(settings, mode="warm")


@pytest.mark.parametrize("name", ["train.tsv", "test.tsv", "latest_test.tsv"])
@pytest.mark.parametrize("content", [None, "", "text\tlabel\n", "text\tlabel\n好\t7\n"])
def test_base_files_must_be_sound(settings: Settings, name: str, content: str | None) -> None:
    path = settings.base_data / name
    path.unlink()
    if content is not None:
        path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=name):
        prepared(settings)
    assert not RunFolder.named(settings, "night").path.exists()


def test_one_class_only_cannot_be_trained_on(settings: Settings, deliver: Deliver, sides: Sides) -> None:
    write_posts(settings.base_data / "train.tsv", [Post("全部都是正面的", 0)])
    with pytest.raises(InputError, match=r"at least two classes; found \[1, 0, 0\] rows of 0 正面"):
        prepared(settings)
    make_stable(settings, 1, watermark=0)
    deliver("1.tsv", [(text, 0) for text in sides(False, 4)])
    ingest(settings.source_folder, settings)
    with pytest.raises(InputError, match=r"at least two classes; found \[4, 0, 0\]"):
        prepared(settings)


def test_the_verb_leaves_its_result_and_says_what_it_did(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_verb(["prepare", "--run", "night", "--seed", "1"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == as_json(RunFolder.named(settings, "night").read(Prepare))
    assert told.err == "full: 0 new rows, 90 to train on\n"
    make_stable(settings, 1, watermark=0)
    assert run_verb(["prepare", "--run", "night"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["nothing_new"] is True
    assert told.err == "nothing new since version 1\n"
    assert run_verb(["prepare", "--run", "night", "--mix-number", "-2"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_failed_attempt_leaves_no_result_of_an_earlier_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_verb(["prepare", "--run", "night"]) == 0

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sentiment.data.prepare.write_posts", no_space)
    assert run_verb(["prepare", "--run", "night"]) == 1
    folder = RunFolder.named(settings, "night")
    assert not folder.train.exists()
    assert not folder.result("prepare").exists()


def sourced(deliver: Deliver, settings: Settings, number: int, rows: list[tuple[str, int, str]]) -> None:
    lines = "".join(f"{text}\t{label}\t{source}\n" for text, label, source in rows)
    deliver(f"{number}.tsv", f"text\tlabel\tsource\n{lines}")
    ingest(settings.source_folder, settings)


def set_day(settings: Settings, number: int, day: str) -> None:
    """Makes the delivery one of that day's morning in Taipei."""
    with opened(settings.posts_database) as ledger, ledger.writing() as connection:
        connection.execute("UPDATE deliveries SET at = ? WHERE number = ?", (f"{day}T01:00:00+00:00", number))


def restricted(settings: Settings, name: str, **limits: Restriction) -> Any:
    return prepare(RunFolder.named(settings, name), settings, "auto", Mixing(mix_number=1), Limits(**limits))


def batch_of(settings: Settings, name: str) -> set[str]:
    return texts(RunFolder.named(settings, name).batch, settings)


def test_what_a_limited_run_leaves_out_stays_new_until_it_is_taken(
    settings: Settings, deliver: Deliver, sides: Sides
) -> None:
    """Nothing is lost: each row is in exactly one batch of a chain of limited and unlimited runs."""
    names = sides(False, 24)
    for number in (1, 2, 3):
        mine = names[number * 6 : number * 6 + 6]
        sourced(deliver, settings, number, [(t, i % 3, ("論壇", "新聞")[i % 2]) for i, t in enumerate(mine)])
        set_day(settings, number, f"2026-11-0{number}")
    make_stable(settings, 1, watermark=1)
    first = restricted(settings, "a", new=Restriction(sources=("論壇",)))
    assert (first["partial"], first["new"]["rows"], first["left_for_later"]) == (True, 6, 6)
    assert (first["watermark"], first["seen"]) == (1, [{"first": 2, "last": 3, "sources": ["論壇"]}])
    make_stable(settings, 2, first["watermark"], seen=first["seen"])
    day = date(2026, 11, 3)
    second = restricted(settings, "b", new=Restriction(day, day))
    assert (second["new"]["rows"], second["left_for_later"], second["deliveries"]) == (3, 3, [3])
    make_stable(settings, 3, second["watermark"], seen=second["seen"])
    third = restricted(settings, "c")
    assert (third["partial"], third["new"]["rows"], third["left_for_later"]) == (False, 3, 0)
    assert (third["watermark"], third["seen"]) == (3, [])
    batches = [batch_of(settings, name) for name in "abc"]
    assert sum(map(len, batches)) == 12
    assert set.union(*batches) == set(names[12:24])
    make_stable(settings, 4, third["watermark"])
    assert restricted(settings, "d")["nothing_new"]


def test_a_relabelled_row_is_new_again_after_a_limited_run(settings: Settings, deliver: Deliver, sides: Sides) -> None:
    text = sides(False, 1)[0]
    sourced(deliver, settings, 1, [(text, 0, "論壇")])
    make_stable(settings, 1, watermark=0, seen=[{"first": 1, "last": 1, "sources": ["論壇"]}])
    assert restricted(settings, "a")["nothing_new"]
    sourced(deliver, settings, 2, [(text, 1, "論壇")])
    assert restricted(settings, "b")["new"]["per_label"] == [0, 1, 0]


def test_old_rows_may_be_limited_too(settings: Settings, deliver: Deliver, sides: Sides) -> None:
    seen = [f"{text}這是一篇已經被模型學過的很長的文章內容" for text in sides(False, 60)]
    for number, source in ((1, "論壇"), (2, "新聞"), (3, "論壇")):
        mine = seen[number * 15 : number * 15 + 15]
        sourced(deliver, settings, number, [(text, index % 3, source) for index, text in enumerate(mine)])
        set_day(settings, number, f"2026-11-0{number}")
    make_stable(settings, 1, watermark=3)
    sourced(deliver, settings, 4, [(text, index % 3, "") for index, text in enumerate(sides(False, 3, word="新"))])
    everything = prepared(settings, "all", mix_number=100)["used"]
    assert [item["number"] for item in everything] == [0, 1, 2, 3, 4]
    since = Restriction(since=date(2026, 11, 2))
    run = RunFolder.named(settings, "since")
    result = prepare(run, settings, "auto", Mixing(mix_number=100), Limits(old=since))
    assert [item["number"] for item in result["used"]] == [2, 3, 4]
    assert (result["partial"], result["watermark"], result["left_for_later"]) == (False, 4, 0)
    forum = prepare(run, settings, "auto", Mixing(mix_number=100), Limits(old=Restriction(sources=("論壇",))))
    assert [item["number"] for item in forum["used"]] == [1, 3, 4]
    assert {post.source for post in read_posts(run.train, settings.label_set)} == {"論壇", ""}


def test_the_rolling_set_is_capped_and_titles_and_sources_are_kept(
    settings: Settings, deliver: Deliver, sides: Sides
) -> None:
    rolling, trained = sides(True, 8), sides(False, 3)
    for number in (1, 2):
        rows = [f"{text}\t{number}\t第{number}夜\t論壇\n" for text in [*rolling[number * 4 - 4 : number * 4], *trained]]
        deliver(f"{number}.tsv", "text\tlabel\ttitle\tsource\n" + "".join(rows))
        ingest(settings.source_folder, settings)
    run = RunFolder.named(settings, "night")
    result = prepare(run, replace(settings, rolling_cap=5), "auto", Mixing())
    kept = read_posts(run.rolling, settings.label_set)
    assert result["rolling_rows"] == len(kept) == 5
    assert {post.text for post in kept[1:]} == set(rolling[4:])
    assert kept[0].text in rolling[:4]
    assert {post.title for post in kept} == {"第1夜", "第2夜"}
    assert not texts(run.train, settings) & set(rolling)
    both = {("第1夜", "論壇"), ("第2夜", "論壇")}  # the same text under another title is another post
    assert {(post.title, post.source) for post in read_posts(run.batch, settings.label_set)} == both
    assert both <= {(post.title, post.source) for post in read_posts(run.train, settings.label_set)}
    assert prepare(run, settings, "auto", Mixing())["rolling_rows"] == 14


def test_the_composition_adds_up(settings: Settings, deliver: Deliver, sides: Sides) -> None:
    long = sides(False, 80, word="這是一篇已經被模型學過的很長的文章內容")
    sourced(deliver, settings, 1, [(text, i % 3, f"論壇{i % 30:02}") for i, text in enumerate(long)])
    make_stable(settings, 1, watermark=1)
    sourced(deliver, settings, 2, [(text, i % 3, "新聞") for i, text in enumerate(sides(False, 9, word="今天"))])
    set_day(settings, 1, "2026-11-01")
    set_day(settings, 2, "2026-11-02")
    result = prepared(settings, mix_number=10)
    found, plan = result["composition"], result["mix"]
    assert [line["result"] for line in found["per_label"]] == plan["result"] == result["per_label"]
    assert [line["wanted"] for line in found["per_label"]] == plan["wanted"] == [10, 10, 10]
    for lines in (found["per_source"], found["per_night"]):
        for name, per_label in (("new", [3, 3, 3]), ("available", plan["available"]), ("added", plan["added"])):
            assert [sum(counts) for counts in zip(*(line[name] for line in lines), strict=True)] == per_label
    assert [line["name"] for line in found["per_night"]] == ["base", "2026-11-01", "2026-11-02"]
    sources = found["per_source"]
    assert len(sources) == 21
    assert (sources[0]["name"], sources[1]["name"]) == ("", "新聞")
    assert (sources[-1]["name"], sources[-1]["members"]) == (None, 12)
    sizes = [sum(line["new"] + line["available"]) for line in sources[1:20]]
    assert sizes == sorted(sizes, reverse=True)


def test_nights_too_far_back_are_told_together(settings: Settings, deliver: Deliver, sides: Sides) -> None:
    names = sides(False, 70)
    for number, text in enumerate(names, 1):
        sourced(deliver, settings, number, [(text, number % 3, "")])
        set_day(settings, number, (date(2026, 1, 1) + timedelta(days=number)).isoformat())
    nights = prepared(settings)["composition"]["per_night"]
    assert (nights[0]["name"], nights[1]["name"], nights[1]["members"], len(nights)) == ("base", None, 10, 62)
    assert nights[-1]["name"] == "2026-03-12"
    assert all(line["wanted"] is None for line in nights)


def test_limits_are_options(settings: Settings, deliver: Deliver, sides: Sides) -> None:
    sourced(deliver, settings, 1, [(text, i % 3, ("論壇", "新聞")[i % 2]) for i, text in enumerate(sides(False, 6))])
    arguments = ["prepare", "--run", "night", "--new-source", "論壇", "--new-source", "沒有的"]
    assert run_verb([*arguments, "--new-since", "2020-01-01"]) == 0
    result = as_json(RunFolder.named(settings, "night").read(Prepare))
    assert (result["partial"], result["new"]["rows"], result["left_for_later"]) == (True, 3, 3)
    assert run_verb(["prepare", "--run", "night", "--new-since", "yesterday"]) == 2
    assert run_verb(["prepare", "--run", "night", "--new-since", "2026-01-02", "--new-until", "2026-01-01"]) == 2


# Runs `sentiment prepare`, killed as kill -9 does just before it writes the given file.
KILLED = """
import os, signal, sys
import sentiment.atomic as atomic
from sentiment.cli import run


replacing = atomic.replacing
def killing(path):
    if path.name == sys.argv[1]:
        path.with_name(f".{path.name}.{os.getpid()}.tmp").write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)
    return replacing(path)
atomic.replacing = killing
run(["prepare", "--run", "night"])
"""


@pytest.mark.parametrize("name", ["batch.tsv", "latest_test.tsv", "identities.bin", "train.tsv", "prepare.json"])
def test_a_killed_prepare_is_made_good_by_the_next(
    settings: Settings, deliver: Deliver, sides: Sides, name: str
) -> None:
    night(deliver, settings, 1, sides(False, 6))
    folder = RunFolder.named(settings, "night").path
    assert run_verb(["prepare", "--run", "night"]) == 0
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    killed = subprocess.run([sys.executable, "-c", KILLED, name], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not (folder / "prepare.json").exists()
    assert run_verb(["prepare", "--run", "night"]) == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole


def test_the_identities_of_the_training_rows_are_kept_sorted(
    settings: Settings, deliver: Deliver, sides: Sides
) -> None:
    night(deliver, settings, 1, sides(False, 6))
    prepared(settings)
    run = RunFolder.named(settings, "night")
    wanted = sorted(bytes.fromhex(identity(text)) for text in texts(run.train, settings))
    assert run.identities.read_bytes()[32:] == b"".join(wanted)
    texts_by_version = {2: [one.hex() for one in wanted], 1: []}
    assert count_in(run.identities, texts_by_version) == len(wanted)


def test_a_full_run_records_the_encoder_that_it_starts_from_if_the_setting_says_so(
    settings: Settings, deliver: Deliver, sides: Sides, capsys: pytest.CaptureFixture[str]
) -> None:
    own_encoder.folder_of(settings, 3).mkdir(parents=True)
    own_encoder.make_current(settings, 3, "abc")
    pin = {"address": str(settings.own_encoders / "3"), "sha256": "abc"}
    assert prepared(settings)["encoder"] is None
    chosen = replace(settings, start_from="pretrained")
    result = prepared(chosen)
    assert result["encoder"] == pin
    told = preparing.told(convert(result, Prepare))
    assert told[-1] == f"its training starts from the encoder {pin['address']}"
    make_stable(settings, 1, watermark=0)
    night(deliver, settings, 1, sides(False, 6))
    assert prepared(chosen, "warm")["encoder"] is None, "it goes on from the stable model"
    assert prepared(chosen, "again", mode="full")["encoder"] == pin


def test_a_full_run_is_refused_when_the_encoder_that_it_must_start_from_is_not_there(settings: Settings) -> None:
    chosen = replace(settings, start_from="pretrained")
    with pytest.raises(InputError, match=r"found no encoder in .*/encoders\. Trigger sentiment_pretrain, or set "):
        prepared(chosen)
    own_encoder.make_current(settings, 3, "abc")
    with pytest.raises(InputError, match=r"must find the encoder that it starts from; found no folder .*/encoders/3"):
        prepared(chosen)
    assert not RunFolder.named(settings, "night").train.exists()
