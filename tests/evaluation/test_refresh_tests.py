"""The frozen test set is replaced: what stays, what comes, what is kept, and that a kill or a rival does no harm."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.deliveries import base_posts, deliver, settings, sides  # noqa: F401
from support.killed import AT_CALL

from sentiment import cli
from sentiment.data import ingest as ingesting
from sentiment.data import prepare as preparing
from sentiment.data import retired
from sentiment.data.candidate_rows import candidate_rows
from sentiment.data.identity import identity
from sentiment.data.mix import Mixing
from sentiment.data.posts import read_posts
from sentiment.data.seen import write_identities
from sentiment.data.tsv import Post, write_posts
from sentiment.errors import InputError
from sentiment.evaluation.comparing import digest_of
from sentiment.evaluation.refresh_tests import Wish, refresh_tests
from sentiment.results.refreshment import Refreshment
from sentiment.run_folder import RunFolder
from sentiment.serving.refreshments import file_of, read_refreshments
from sentiment.settings import Settings
from sentiment.text.cells import is_harmless

ROLLING = 60


@pytest.fixture
def home(settings: Settings) -> Settings:  # noqa: F811
    """A home with 9 frozen rows and 60 rolling ones of the base."""
    write_posts(settings.base_data / "latest_test.tsv", base_posts("回:滾動測試集的第{}篇", ROLLING))
    return settings


def frozen(settings: Settings) -> list[Post]:  # noqa: F811
    return read_posts(settings.base_data / "test.tsv", settings.label_set)


def refreshed(settings: Settings, rows: int | None = 20, overlap: int | None = 5, **more: Any) -> Refreshment:  # noqa: F811
    return refresh_tests(settings, Wish(rows, overlap, **more), "ann")[0]


def prepared(settings: Settings, name: str) -> RunFolder:  # noqa: F811
    folder = RunFolder.named(settings, name)
    folder.write(preparing.prepare(folder, settings, "full", Mixing()))
    return folder


def texts(path: Path, settings: Settings) -> set[str]:  # noqa: F811
    return {post.text for post in read_posts(path, settings.label_set)}


def test_the_set_is_replaced_kept_and_recorded(home: Settings) -> None:
    before = frozen(home)
    made = refreshed(home)
    after = frozen(home)
    assert len(after) == 20
    assert len(set(after) & set(before)) == 5
    assert [post.text for post in after[5:]] == [f"回:滾動測試集的第{number}篇" for number in range(45, 60)], (
        "the newest"
    )
    assert Counter(post.label for post in after[5:]) == {0: 5, 1: 5, 2: 5}
    kept = home.base_data / made.retired.file
    assert read_posts(kept, home.label_set) == before
    assert kept.name == f"test-1-{made.at[:10]}.tsv"
    assert (made.retired.sha256, made.frozen.sha256) == (digest_of(before), digest_of(after))
    assert (made.number, made.who, made.overlap, made.scores) == (1, "ann", 5, [])
    assert read_refreshments(home) == [made]
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_no_row_of_a_stranger_is_a_formula_in_a_set_that_people_edit(home: Settings) -> None:
    hostile = ['=HYPERLINK("http://x.example","好吃")第{}篇', "好吃,+cmd|{}!A0", "\u202e吃好{}", "\\x3d{}不是公式"]
    rolling = [Post(hostile[number % 4].format(number), number % 3, "=1", "@店") for number in range(ROLLING)]
    write_posts(home.base_data / "latest_test.tsv", rolling)
    for _ in range(2):
        made = refreshed(home, 20, 5)
    after, kept = frozen(home), home.base_data / made.retired.file
    assert after[5:] and set(after[5:]) <= set(rolling)
    assert (made.frozen.sha256, made.retired.sha256) == (
        digest_of(after), digest_of(read_posts(kept, home.label_set))
    )  # fmt: skip
    for file in (home.base_data / "test.tsv", kept):
        with file.open(encoding="utf-8", newline="") as handle:
            header, *rows = csv.reader(handle, delimiter="\t")
        assert header == ["text", "label", "title", "source", "escaped_cells"]
        assert len(rows) == 20 and all(map(is_harmless, (cell for row in rows for cell in row)))
        assert Counter(row[-1] for row in rows)["yes"] >= 15
    assert read_posts(prepared(home, "r1").frozen, home.label_set) == after
    assert cli.run(["forget", after[-1].text, "--reason", "asked"]) == 0
    assert frozen(home) == after[:-1]


def test_by_default_the_size_stays_and_half_of_the_rows_do(home: Settings) -> None:
    made = refreshed(home, None, None)
    assert (made.frozen.rows, made.overlap) == (9, 4)


def test_a_set_that_is_replaced_while_a_night_reads_it_is_held_out_all_the_same(home: Settings) -> None:
    before = frozen(home)
    base = preparing.read_base(home, [])
    refreshed(home, 20, 0)
    held_out = {post.text for post in [*base.frozen, *base.retired]}
    assert held_out == {post.text for post in [*before, *frozen(home)]}


def test_what_was_ever_a_test_row_is_never_trained_on_and_leaves_the_rolling_set(
    home: Settings,
    deliver: Callable[..., Path],  # noqa: F811
    sides: Callable[..., list[str]],  # noqa: F811
) -> None:
    rolling, new = sides(True, 12), sides(False, 12)
    deliver("1.tsv", [(text, number % 3) for number, text in enumerate([*rolling, *new])])
    ingesting.ingest(home.source_folder, home)
    everything = texts(prepared(home, "r0").rolling, home)
    first, second = refreshed(home, 30, 5), refreshed(home, 30, 5)
    sets = [texts(home.base_data / path, home) for path in (first.retired.file, second.retired.file, "test.tsv")]
    assert set(rolling) <= sets[1], "the newest texts are those that were delivered"
    assert not (sets[2] - sets[1]) & sets[0], "a retired row does not come back as a new one"
    tested = set().union(*sets)
    # Also where somebody delivers the rows again, or they are in the training data of the base.
    deliver("2.tsv", [(text, number % 3) for number, text in enumerate(sorted(tested))])
    ingesting.ingest(home.source_folder, home)
    write_posts(home.base_data / "train.tsv", [*base_posts("基{}", 30), *(Post(text, 0) for text in sets[0])])
    run = prepared(home, "r1")
    assert not texts(run.train, home) & tested
    assert not texts(run.batch, home) & tested
    assert texts(run.rolling, home) == everything - tested
    assert texts(run.frozen, home) == sets[2]


def test_a_text_that_a_model_was_trained_on_is_no_new_test_row(home: Settings) -> None:
    folder = home.trained / "3"
    folder.mkdir(parents=True)
    seen = [f"回:滾動測試集的第{number}篇" for number in range(50, 60)]
    with (folder / "identities.bin").open("wb") as file:
        write_identities(file, sorted(bytes.fromhex(identity(text)) for text in seen))
    refreshed(home)
    assert [post.text for post in frozen(home)[5:]] == [f"回:滾動測試集的第{number}篇" for number in range(35, 50)]


def test_new_rows_by_which_stable_was_chosen_are_counted(
    home: Settings,
    deliver: Callable[..., Path],  # noqa: F811
    sides: Callable[..., list[str]],  # noqa: F811
) -> None:
    texts_of_nights = sides(True, 12)
    for night in (1, 2):
        rows = texts_of_nights[(night - 1) * 6 : night * 6]
        deliver(f"{night}.tsv", [(text, number % 3) for number, text in enumerate(rows)])
        ingesting.ingest(home.source_folder, home)
    assert refreshed(home, 10, 1).touched == 0, "there is no stable model yet"
    home.history.parent.mkdir(parents=True, exist_ok=True)
    events = [{"event": name, "version": 1, "data": {"watermark": 1}} for name in ("published",)]
    events += [{"event": name, "version": 1} for name in ("staged", "canary", "promoted")]
    home.history.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    assert candidate_rows(home).untouched == set(), "all six of the second night are in the test set"
    deliver("3.tsv", [(text, 0) for text in sides(True, 4, word="更新")])
    ingesting.ingest(home.source_folder, home)
    found = candidate_rows(home)
    assert len(found.untouched) == 4
    assert found.touched(found.pool) == len(found.pool) - 4


def test_too_few_rolling_rows_that_are_left_are_told(home: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    refreshed(home)
    assert "the rolling test set has 45 rows left, and decides again from 200 on" in capsys.readouterr().err


def test_new_rows_may_be_limited_to_a_source(home: Settings) -> None:
    rows = [post._replace(source="自家" if number < 20 else "") for number, post in enumerate(base_posts("回{}", 60))]
    write_posts(home.base_data / "latest_test.tsv", rows)
    refreshed(home, sources=("自家",))
    assert {post.source for post in frozen(home)[5:]} == {"自家"}
    with pytest.raises(InputError, match="must find 15 texts"):
        refreshed(home, sources=("別家",))


def test_a_source_that_is_not_trusted_gives_no_test_row(
    home: Settings,
    deliver: Callable[..., Path],  # noqa: F811
    sides: Callable[..., list[str]],  # noqa: F811
) -> None:
    rows = "".join(f"{text}\t0\t{'甲乙'[number % 2]}\n" for number, text in enumerate(sides(True, 20)))
    deliver("1.tsv", f"text\tlabel\tsource\n{rows}")
    ingesting.ingest(home.source_folder, home)
    refreshed(replace(home, trusted_sources=("甲",)), 40, 0)
    assert {post.source for post in frozen(home)} == {"", "甲"}


def test_a_run_that_was_prepared_before_is_judged_on_its_own_copy(
    home: Settings, toy_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = prepared(home, "r1")
    made = refreshed(home)
    shutil.copytree(toy_model, run.model)
    assert cli.run(["evaluate", "--run", "r1"]) == 0
    assert json.loads(capsys.readouterr().out)["sets"]["frozen"]["sha256"] == made.retired.sha256
    later = prepared(home, "r2")
    shutil.copytree(toy_model, later.model)
    assert cli.run(["evaluate", "--run", "r2"]) == 0
    assert json.loads(capsys.readouterr().out)["sets"]["frozen"]["sha256"] == made.frozen.sha256


def test_stable_is_scored_on_both_sets_so_that_the_step_is_known(
    home: Settings, toy_model: Path, posts: list[Post], capsys: pytest.CaptureFixture[str]
) -> None:
    write_posts(home.base_data / "test.tsv", posts[:20])
    # Every label of the new rows is wrong, as far as the model is concerned.
    write_posts(home.base_data / "latest_test.tsv", [Post(f"{p.text}!", (p.label + 1) % 3) for p in posts])
    shutil.copytree(toy_model, home.trained / "1")
    events = [{"event": name, "version": 1} for name in ("published", "staged", "canary", "promoted")]
    home.history.parent.mkdir(parents=True, exist_ok=True)
    home.history.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    options = ["refresh-tests", "--rows", "30", "--overlap", "10", "--who", "ann"]
    before = frozen(home)
    assert cli.run(options) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert "must answer the new test rows about as well as the present ones; found" in told and "--accept-fall" in told
    assert frozen(home) == before and read_refreshments(home) == []
    assert cli.run([*options, "--accept-fall"]) == 0
    output = capsys.readouterr()
    (score,) = json.loads(output.out)["scores"]
    assert (score["role"], score["version"]) == ("stable", 1), "a reference that is stable is not scored twice"
    assert score["retired"] >= 0.9 and score["fresh"] <= 0.3
    assert score["frozen"] == pytest.approx((10 * 1.0 + 20 * score["fresh"]) / 30, abs=0.1)
    assert read_refreshments(home)[0].newest_version == 1
    assert "stable, version 1: " in output.err
    assert "is never trained on" in output.err


# Runs `sentiment refresh-tests`, killed as kill -9 does at the given call of the given function.
KILLED = (
    """
import os, signal, sys
import sentiment.atomic as atomic, sentiment.json_lines as json_lines
import sentiment.data.retired as retired, sentiment.evaluation.refresh_tests as refreshing
from sentiment.cli import run

place, calls = sys.argv[1], int(sys.argv[2])
owner, name = {
    "write": (refreshing, "write_posts_for_people"), "rename": (atomic.Path, "replace"),
    "line": (json_lines, "append_bytes"),
    "place": (retired, "put_in_place"), "flush": (json_lines.os, "fsync"),
}[place]
"""
    + AT_CALL
    + """
sys.exit(run(["refresh-tests", "--rows", "20", "--overlap", "5", "--who", "ann"]))
"""
)
BEFORE_THE_LINE = [("write", 1), ("rename", 2), ("write", 2), ("rename", 3), ("line", 1)]  # 1: the ledger's
AFTER_THE_LINE = [("place", 1), ("rename", 4)]


def killed(place: str, call: int) -> int:
    arguments = [sys.executable, "-c", KILLED, place, str(call)]
    return subprocess.run(arguments, capture_output=True, check=False).returncode


@pytest.mark.parametrize(("place", "call"), BEFORE_THE_LINE + AFTER_THE_LINE)
def test_a_kill_at_any_write_is_mended_by_the_next_call(home: Settings, place: str, call: int) -> None:
    before = (home.base_data / "test.tsv").read_bytes()
    assert killed(place, call) == -signal.SIGKILL
    assert (home.base_data / "test.tsv").read_bytes() == before, "until its last step nothing is replaced"
    assert len(read_refreshments(home)) == (1 if (place, call) in AFTER_THE_LINE else 0)
    run = prepared(home, "r1")
    assert run.frozen.read_bytes() == before, "a night between the kill and the mending goes on"
    made, resumed = refresh_tests(home, Wish(20, 5), "bob")
    assert resumed == ((place, call) in AFTER_THE_LINE)
    assert made.who == ("ann" if resumed else "bob")
    assert read_refreshments(home) == [made], "one refreshment, not two"
    assert digest_of(frozen(home)) == made.frozen.sha256
    assert (home.base_data / made.retired.file).read_bytes() == before
    assert list((home.base_data / "retired").iterdir()) == [home.base_data / made.retired.file]


def test_after_the_last_step_a_kill_changes_nothing(home: Settings) -> None:
    assert killed("flush", 99) == 0
    done = frozen(home)
    assert refresh_tests(home, Wish(20, 5), "bob")[1] is False
    assert len(read_refreshments(home)) == 2
    assert frozen(home) != done


def test_who_waits_for_another_refreshment_does_not_add_one(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from sentiment.evaluation import refresh_tests as module

    may_go, has_begun, refused = threading.Event(), threading.Event(), list[str]()
    whole = candidate_rows

    def slow(*arguments: Any) -> Any:
        has_begun.set()
        assert may_go.wait(10)
        return whole(*arguments)

    monkeypatch.setattr(module, "candidate_rows", slow)

    def second() -> None:
        try:
            refreshed(home)
        except InputError as error:
            refused.append(str(error))

    first = threading.Thread(target=refreshed, args=(home,))
    first.start()
    assert has_begun.wait(10)
    other = threading.Thread(target=second)
    other.start()
    other.join(0.3)
    assert other.is_alive(), "it waits for the lock"
    may_go.set()
    first.join(10)
    other.join(10)
    assert len(read_refreshments(home)) == 1
    assert "only one refreshment at a time may be made; found one by ann at" in refused[0]


def test_a_text_that_is_forgotten_meanwhile_does_not_come_in(
    home: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sentiment.evaluation import refresh_tests as module
    from sentiment.evaluation.rescore import rescored as whole

    def meanwhile(*arguments: Any) -> Any:
        assert cli.run(["forget", "回:滾動測試集的第59篇", "--reason", "asked"]) == 0
        return whole(*arguments)

    monkeypatch.setattr(module, "rescored", meanwhile)
    before = frozen(home)
    with pytest.raises(InputError, match="no text may be forgotten while the test set is refreshed"):
        refreshed(home)
    assert frozen(home) == before
    assert not read_refreshments(home)
    monkeypatch.setattr(module, "rescored", whole)
    refreshed(home)
    assert "回:滾動測試集的第59篇" not in {post.text for post in frozen(home)}


def test_forget_takes_a_text_out_of_every_test_set_and_the_others_stay_held_out(home: Settings) -> None:
    gone = [post.text for post in frozen(home)]
    made = refreshed(home, 20, 0)
    kept = home.base_data / made.retired.file
    new = frozen(home)[0].text
    for text in (gone[0], new):
        assert cli.run(["forget", text, "--reason", "asked"]) == 0
    assert gone[0] not in kept.read_text("utf-8")
    assert new not in (home.base_data / "test.tsv").read_text("utf-8")
    for text in gone[1:]:
        assert cli.run(["forget", text, "--reason", "asked"]) == 0
    assert retired.sets(home.base_data) == [], "an empty set is no error"
    assert prepared(home, "r1").frozen.is_file()


def test_a_retired_set_that_cannot_be_read_stops_the_night_and_is_named(home: Settings) -> None:
    made = refreshed(home)
    (home.base_data / made.retired.file).write_text("text\tlabel\n好吃\t八\n", encoding="utf-8")
    with pytest.raises(InputError, match=rf"{made.retired.file} must hold a text and one of the labels"):
        prepared(home, "r1")


def test_a_number_is_never_given_twice_also_when_the_record_is_gone(home: Settings) -> None:
    first = refreshed(home)
    file_of(home).unlink()
    second = refreshed(home, 15, 5)
    assert (first.number, second.number) == (1, 2)
    assert len(retired.sets(home.base_data)) == 2


def test_a_wish_that_cannot_be_met_changes_nothing(home: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    before = frozen(home)
    assert cli.run(["refresh-tests", "--rows", "500"]) == 2
    assert "must find 491 texts in the rolling test set that no model was trained on; found 60." in (
        capsys.readouterr().err
    )
    assert frozen(home) == before
    assert not (home.base_data / "retired").exists()
