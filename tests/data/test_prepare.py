"""Prepare: a run's files from base data, the ledger, and what the stable model has seen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentiment.cli import run as run_verb
from sentiment.data.identity import identity
from sentiment.data.ingest import ingest
from sentiment.data.mix import Mixing, count_labels
from sentiment.data.prepare import prepare
from sentiment.data.tsv import Post, read_posts, write_posts
from sentiment.errors import InputError
from sentiment.run_folder import RunFolder
from sentiment.serving.history import changing
from sentiment.settings import Settings

Deliver = Callable[[str, Any], Path]
Sides = Callable[..., list[str]]


def prepared(settings: Settings, name: str = "night", mode: str = "auto", **options: int) -> dict[str, Any]:
    return prepare(RunFolder.named(settings, name), settings, mode, Mixing(**options))


def make_stable(settings: Settings, version: int, watermark: int | None) -> None:
    """Makes `version` stable, trained on all deliveries up to `watermark`."""
    data = {} if watermark is None else {"watermark": watermark}
    with changing(settings, who="a test") as change:
        for event in ("published", "staged", "canary", "promoted"):
            change.record(event, version, **({"data": data} if event == "published" else {}))


def night(deliver: Deliver, settings: Settings, number: int, texts: list[str]) -> None:
    deliver(f"{number}.tsv", [(text, index % 3) for index, text in enumerate(texts)])
    ingest(settings.source_folder, settings)


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
        "excluded_leaks": 0,
        "watermark": 1,
        "fingerprint": hashlib.sha256(folder.train.read_bytes()).hexdigest(),
        "warm_from": None,
        "warm_start": None,
        "deliveries": [1],
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
    pool = [30 + count for count in count_labels(_trained_on(settings, seen), 3)]
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
    night(deliver, settings, 1, [f"{frozen[0].text}!!", f" {frozen[4].text} "])
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
    assert json.loads(told.out) == RunFolder.named(settings, "night").read("prepare")
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
