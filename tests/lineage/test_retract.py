"""A delivery is retracted: its rows leave training and tests, who saw them is named, and it can be taken in again."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.english_left import english_left
from support.killed import AT_CALL
from support.results import in_json

from sentiment import cli
from sentiment.data import ingest as ingesting
from sentiment.data import prepare as preparing
from sentiment.data import retired
from sentiment.data.ledger import opened
from sentiment.data.mix import Mixing
from sentiment.data.posts import each_post
from sentiment.data.tsv import write_posts
from sentiment.errors import InputError
from sentiment.language import speaking
from sentiment.lineage.forget import forget
from sentiment.lineage.retract import Wish, require_enough, retract
from sentiment.lineage.retract_told import told
from sentiment.lineage.texts import Texts
from sentiment.results.record import as_json
from sentiment.run_folder import RunFolder
from sentiment.serving import canary as making_canary
from sentiment.serving import promote as promoting
from sentiment.serving import records
from sentiment.serving.canary import canary
from sentiment.serving.change import Change, changing
from sentiment.serving.history import read_state
from sentiment.serving.left_out_since import require_none_retracted
from sentiment.serving.promote import promote
from sentiment.serving.publish import Candidate, publish
from sentiment.settings import Settings
from sentiment.training.training_files import files_of_run

Deliver = Callable[[str, Any], Path]
Sides = Callable[..., list[str]]
WHY = "labels of another table"


def ingested(settings: Settings) -> Any:
    return in_json(ingesting.ingest)(settings.source_folder, settings)


def prepared(settings: Settings, name: str, mode: str = "full") -> RunFolder:
    run = RunFolder.named(settings, name)
    run.write(preparing.prepare(run, settings, mode, Mixing(mix_number=5, minimum_content_length=0)))
    return run


def texts_of(settings: Settings, path: Path) -> dict[str, int]:
    return {post.text: post.label for post in each_post(path, settings.label_set)}


def retracted(settings: Settings, delivery: str | int, **more: Any) -> Any:
    return json.loads(json.dumps(retract(settings, Wish(str(delivery), "ops", WHY, **more))))


def exported(settings: Settings, name: str) -> Candidate:
    run = prepared(settings, name, "auto")
    run.model.mkdir()
    run.export.joinpath("variables").mkdir(parents=True)
    (run.export / "saved_model.pb").write_text(name)
    (run.model / "model.json").write_text(json.dumps({"data": as_json(files_of_run(run).data)}), encoding="utf-8")
    return Candidate(run.export, run.model, run.name, {})


def release(settings: Settings, name: str, version: int) -> None:
    candidate = exported(settings, name)
    with changing(settings, who="a test") as change:
        assert publish(change, candidate) == (version, False)
        for event in ("staged", "canary", "promoted"):
            change.record(event, version)


@pytest.fixture
def nights(settings: Settings, deliver: Deliver, sides: Sides) -> dict[str, list[str]]:
    """Two nights: the second labels two texts of the first otherwise, repeats one, and brings new ones."""
    train, tests = sides(False, 12), sides(True, 6)
    first, second = [*train[:6], *tests[:3]], [*train[6:], *tests[3:]]
    deliver("1.tsv", [(text, 0) for text in first])
    ingested(settings)
    deliver("2.tsv", [*((text, 1) for text in second), (first[0], 2), (tests[0], 2), (first[1], 0)])
    ingested(settings)
    return {"first": first, "second": second, "train": train, "tests": tests}


def test_the_rows_leave_training_and_tests_and_the_earlier_labels_are_back(
    settings: Settings, nights: dict[str, list[str]]
) -> None:
    found = retracted(settings, 2)
    assert {name: found[name] for name in ("texts", "left", "relabelled", "stayed")} == {
        "texts": 12, "left": 9, "relabelled": 2, "stayed": 1,
    }  # fmt: skip
    assert (found["before"]["rolling"] - found["after"]["rolling"], found["number"]) == (3, 3)
    run = prepared(settings, "night")
    train, rolling = texts_of(settings, run.train), texts_of(settings, run.rolling)
    assert not (train.keys() | rolling.keys()) & set(nights["second"])
    assert {text: (train | rolling)[text] for text in nights["first"]} == dict.fromkeys(nights["first"], 0)


def test_a_retraction_is_undone_and_nothing_is_done_twice(settings: Settings, nights: dict[str, list[str]]) -> None:
    before = {name: texts_of(settings, path) for name, path in files(prepared(settings, "before")).items()}
    retracted(settings, 2)
    again = retracted(settings, "2.tsv")
    assert (again["changed"], again["number"], again["reason"]) == (False, 3, WHY)
    assert "was retracted before, by ops" in told(again)[0]
    assert retracted(settings, 2, undo=True)["came"] == 9
    assert retracted(settings, 2, undo=True)["changed"] is False
    after = {name: texts_of(settings, path) for name, path in files(prepared(settings, "after")).items()}
    assert before == after
    with opened(settings.posts_database) as ledger:
        assert [one.number for one in ledger.deliveries()] == [1, 2, 3, 4]


def files(run: RunFolder) -> dict[str, Path]:
    return {"train": run.train, "frozen": run.frozen, "rolling": run.rolling}


def test_a_trial_changes_nothing(settings: Settings, nights: dict[str, list[str]]) -> None:
    found = retracted(settings, 2, dry_run=True)
    assert (found["left"], found["changed"]) == (9, True)
    assert "only shows what would be" in told(found)[0]
    assert retracted(settings, 2)["number"] == 3, "the trial took no number"


def test_the_file_is_not_taken_in_again_whatever_its_name_but_a_corrected_one_is(
    settings: Settings, deliver: Deliver, nights: dict[str, list[str]]
) -> None:
    retracted(settings, 2)
    inbox = Path(settings.source_folder)
    (inbox / "2.tsv").touch()
    shutil.copy(inbox / "2.tsv", inbox / "copy.tsv")
    result = ingested(settings)
    assert result["deliveries"] == []
    assert "content is that of delivery 2, which was retracted" in result["not_read"][0]["reason"]
    assert ingested(settings)["not_read"] == [], "it is said once"
    deliver("2.tsv", [(text, 2) for text in nights["second"]])
    assert ingested(settings)["accepted"] == 9
    run = prepared(settings, "night")
    sides = texts_of(settings, run.train), texts_of(settings, run.rolling)
    assert {text: sides[text in nights["tests"]][text] for text in nights["second"]} == dict.fromkeys(
        nights["second"], 2
    )
    retracted(settings, 2, undo=True)
    run = prepared(settings, "night")
    assert texts_of(settings, run.train)[nights["train"][6]] == 2, "the newest label of a text wins"


def refreshed(settings: Settings, nights: dict[str, list[str]]) -> set[str]:
    """Gives the home a frozen set whose newer rows came from both nights; returns what people had brought."""
    frozen = settings.base_data / "test.tsv"
    brought = list(each_post(frozen, settings.label_set))
    posts = {post.text: post for post in each_post(prepared(settings, "old").rolling, settings.label_set)}
    write_posts(retired.file_of(settings.base_data, 1, "2026-01-01"), brought)
    write_posts(frozen, [*brought[:4], *(posts[text] for text in nights["tests"])])
    return {post.text for post in brought[:4]}


def test_frozen_rows_of_the_delivery_leave_and_come_back(
    settings: Settings, nights: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings.base_data / "retired").mkdir()
    brought = refreshed(settings, nights)
    with pytest.raises(InputError, match=r"must keep at least 200 rows .* found 6 of 10"):
        retracted(settings, 2)
    with opened(settings.posts_database) as ledger:
        assert ledger.watermark() == 2, "what is refused changes nothing"
    found = retracted(settings, 2, accepts_small=True)
    assert (found["before"]["frozen"], found["after"]["frozen"]) == (10, 6)
    tested = prepared(settings, "night").frozen
    assert texts_of(settings, tested).keys() == brought | set(nights["tests"][1:3]), "one has its earlier label again"
    assert texts_of(settings, RunFolder.named(settings, "night").rolling)[nights["tests"][0]] == 0
    retracted(settings, 2, undo=True)
    assert len(texts_of(settings, prepared(settings, "night").frozen)) == 10


def test_rows_that_people_brought_stay_frozen(settings: Settings, deliver: Deliver) -> None:
    posts = list(each_post(settings.base_data / "test.tsv", settings.label_set))
    deliver("1.tsv", [(post.text, (post.label + 1) % 3) for post in posts])
    ingested(settings)
    assert retracted(settings, 1)["after"]["frozen"] == 9


def test_a_small_frozen_set_that_loses_nothing_is_no_reason_to_refuse() -> None:
    require_enough(9, 9, 200)
    require_enough(300, 200, 200)
    with pytest.raises(InputError, match="refresh-tests` first"):
        require_enough(9, 0, 200)


def test_the_versions_and_runs_that_saw_it_are_named_with_the_way_back(
    settings: Settings, deliver: Deliver, sides: Sides, capsys: pytest.CaptureFixture[str]
) -> None:
    texts, tests = sides(False, 18), sides(True, 9)
    for number in (1, 2, 3):
        night = texts[6 * number - 6 : 6 * number]
        deliver(
            f"{number}.tsv",
            [(text, place % 3) for place, text in enumerate([*night, *tests[3 * number - 3 : 3 * number]])],
        )
        ingested(settings)
        if number < 3:
            release(settings, f"night-{number}", number)
    prepared(settings, "waiting", "warm")
    found = retracted(settings, 2)
    assert [(one["version"], one["labels"], one["texts"]) for one in found["saw"]["trained"]] == [(2, ["stable"], 6)]
    assert (found["saw"]["tested"], found["saw"]["clean"]) == ([{"version": 2, "texts": 3}], 1)
    lines = told(found)
    assert any(
        line.startswith("version 2 (stable, ") and line.endswith("saw its texts: trained on 6") for line in lines
    )
    assert "version 2 was tested on its texts: 3" in lines
    assert "stable learned from it; to go back: sentiment rollback --to 1 --reason …" in lines
    with speaking("zh-TW"):
        assert english_left("\n".join(told(found))) == []
    assert cli.run(["lineage", "stable"]) == 0
    assert "2.tsv (retracted)" in capsys.readouterr().err
    assert cli.run(["ingest", "--report", "2"]) == 0
    assert "Delivery 2 (2.tsv) was retracted by ops on 2" in capsys.readouterr().err
    with pytest.raises(InputError, match="waiting must hold no rows of a retracted delivery; found Delivery 2"):
        require_none_retracted(RunFolder.named(settings, "waiting"), settings)
    require_none_retracted(prepared(settings, "waiting", "warm"), settings)
    found = retracted(settings, 3)
    with pytest.raises(InputError, match=r"waiting must hold no rows of a retracted delivery; found Delivery 3 \(3"):
        require_none_retracted(RunFolder.named(settings, "waiting"), settings)
    assert cli.run(["evaluate", "--run", "waiting"]) == 2
    require_none_retracted(prepared(settings, "waiting", "full"), settings)
    assert (found["saw"]["trained"], found["saw"]["tested"], found["saw"]["runs"]) == ([], [], ["waiting"])


NO_ROWS = "must hold no rows of a retracted delivery; found Delivery 2 (2.tsv) was retracted by ops on 2"


@pytest.mark.parametrize("step", ["train", "evaluate", "gate", "export", "validate"])
def test_no_step_goes_on_with_a_run_that_was_prepared_with_it(
    settings: Settings, nights: dict[str, list[str]], step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared(settings, "waiting")
    retracted(settings, 2)
    capsys.readouterr()
    assert cli.run([step, "--run", "waiting"]) == 2
    said = capsys.readouterr().err
    assert f"run waiting {NO_ROWS}" in said
    assert said.endswith("Give `sentiment prepare --run waiting` again, and train it anew.\n")


def loads(monkeypatch: pytest.MonkeyPatch, during: Callable[[], object] = str) -> None:
    """Has servers load and answer at once; `during` happens while they load."""

    def load(change: Change, version: int, **_: object) -> None:
        if version not in change.state.served:
            change.record("staged", version)
        during()

    for module in (making_canary, promoting):
        monkeypatch.setattr(module, "load", load)
        monkeypatch.setattr(module, "confirm", lambda *_: None)


def test_neither_is_it_published_nor_made_the_canary_nor_promoted(
    settings: Settings, nights: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    loads(monkeypatch)
    candidate = exported(settings, "night")
    with changing(settings) as change:
        publish(change, candidate)
        canary(change, 1)
        retracted(settings, 2)
        for act in (partial(publish, change, candidate), partial(promote, change, 1)):
            with pytest.raises(InputError, match=re.escape(NO_ROWS)):
                act()
        change.record("withdrawn", 1)
        with pytest.raises(InputError, match=re.escape(f"version 1 {NO_ROWS}")):
            canary(change, 1)
        retracted(settings, 2, undo=True)
        assert (canary(change, 1).canary, promote(change, 1).stable) == (1, 1)


def test_it_is_asked_again_when_the_servers_have_loaded_it(
    settings: Settings, nights: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    loads(monkeypatch, lambda: retracted(settings, 2))
    with changing(settings) as change:
        publish(change, exported(settings, "night"))
        with pytest.raises(InputError, match=re.escape(f"version 1 {NO_ROWS}")):
            canary(change, 1)
        assert (change.state.staged, change.state.canary) == (None, None)


def test_it_is_asked_again_when_the_copy_was_made(
    settings: Settings, nights: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = records.keep

    def keep_slowly(*arguments: Any) -> dict[str, str]:
        retracted(settings, 2)
        return keep(*arguments)

    monkeypatch.setattr(records, "keep", keep_slowly)
    with changing(settings) as change, pytest.raises(InputError, match=re.escape(f"run night {NO_ROWS}")):
        publish(change, exported(settings, "night"))
    assert read_state(settings).versions == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["9", "--reason", "x"], "DELIVERY must be the number of a delivery"),
        (["a.tsv", "--reason", "x"], "found 'a.tsv', and 3 deliveries in the ledger"),
        (["3", "--reason", "x"], "DELIVERY must have brought rows, found 3"),
        (["1", "--reason", " "], "--reason must be a text"),
    ],
)
def test_a_mistake_is_one_line(
    settings: Settings,
    nights: dict[str, list[str]],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    retracted(settings, 2)
    capsys.readouterr()
    assert cli.run(["retract", *arguments]) == 2
    error = capsys.readouterr().err
    assert message.replace(", found", "; found") in error and len(error.splitlines()) == 1


def test_a_name_that_came_twice_asks_for_a_number(settings: Settings, deliver: Deliver) -> None:
    for label in (0, 1):
        deliver("a.tsv", [("甲", label)])
        ingested(settings)
    with pytest.raises(InputError, match="which was delivered as 1, 2"):
        retracted(settings, "a.tsv")


def test_a_deleted_text_leaves_what_was_said_of_it_too(settings: Settings, nights: dict[str, list[str]]) -> None:
    secret = nights["first"][0]  # both nights had it, with two labels
    held = [nights["second"][0], secret]
    retracted(settings, 2)
    for text in held:
        found = forget(Texts([text]), "the author asked", settings, write=True)
        assert found["posts"] == 1
    stored = b"".join(path.read_bytes() for path in settings.datasets.glob("ledger.sqlite*"))
    assert not any(text.encode() in stored for text in held)
    found = retracted(settings, 2, undo=True)
    with opened(settings.posts_database) as ledger:
        assert not {post.post.text for post in ledger.posts()} & set(held)
    assert found["came"] == 8


KILLED = (
    """
import os, signal, sys
import sentiment.data.retraction as retraction, sentiment.lineage.retract as retract
from sentiment.settings import read_settings
owner, name = {"apply": (retraction, "_write"), "record": (retraction, "apply"), "end": (retract, "saw")}[sys.argv[1]]
calls = 1
"""
    + AT_CALL
    + """
retract.retract(read_settings(), retract.Wish("2", "ops", "wrong labels"))
"""
)


@pytest.mark.parametrize("place", ["record", "apply", "end"])
def test_a_killed_retraction_did_nothing_and_is_done_by_the_next(
    settings: Settings, nights: dict[str, list[str]], place: str
) -> None:
    with opened(settings.posts_database) as ledger:
        before = list(ledger.posts())
    killed = subprocess.run([sys.executable, "-c", KILLED, place], check=False)
    assert killed.returncode == -signal.SIGKILL
    with opened(settings.posts_database) as ledger:
        assert list(ledger.posts()) == before and ledger.watermark() == 2
    assert (retracted(settings, 2)["left"], retracted(settings, 2)["changed"]) == (9, False)
