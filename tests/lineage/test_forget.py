"""Forget: a deleted text is nowhere any more, stays out, and the models that saw it are named."""

from __future__ import annotations

import dataclasses
import gzip
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.killed import AT_CALL
from support.results import in_json

from sentiment import own_encoder
from sentiment.cli import run as run_command
from sentiment.data import ingest as ingesting
from sentiment.data import prepare as preparing
from sentiment.data.formats.record import Columns, Record
from sentiment.data.identity import identity, identity_1
from sentiment.data.ledger import opened
from sentiment.data.mix import Mixing
from sentiment.data.posts import read_posts
from sentiment.data.quarantine import file_of, quarantining, rows_of
from sentiment.data.seen import count_in, write_identities
from sentiment.data.tsv import Post, write_posts
from sentiment.export import warmup
from sentiment.lineage import forget as forget_module
from sentiment.lineage.erase import erase, still_in
from sentiment.lineage.erase_json import without
from sentiment.lineage.texts import Texts
from sentiment.run_folder import RunFolder
from sentiment.serving.change import changing
from sentiment.serving.lock import held
from sentiment.serving.records import keep
from sentiment.settings import Settings
from sentiment.text.harmless import visible_in_json

ingest = in_json(ingesting.ingest)
prepare = in_json(preparing.prepare)

Deliver = Callable[[str, Any], Path]
Sides = Callable[..., list[str]]
SECRET = "請把我這篇文章刪掉,我的電話是零九一二三四五六"
VARIANT = "請把我這篇 文章刪掉，我的電話是零九一二三四五六"
OTHER = "這一篇文章沒有人要求刪除,所以要好好地留下來"


@pytest.fixture
def shop(settings: Settings, deliver: Deliver, sides: Sides) -> Settings:
    """A home in which the secret is in every place that a text gets to."""
    rows = "".join(f"{text}\t{index % 3}\n" for index, text in enumerate([SECRET, OTHER, *sides(False, 6)]))
    deliver("1.tsv", f"text\tlabel\n{rows}")
    deliver("2.csv", f'label,text\n9,"{VARIANT}"\n1,{SECRET.replace(",", "，")}\n0,"{OTHER}"\n')
    ingest(settings.source_folder, settings)
    base = read_posts(settings.base_data / "train.tsv", settings.label_set)
    write_posts(settings.base_data / "train.tsv", [*base[:5], Post(VARIANT, 1), *base[5:]])
    shutil.copy(settings.base_data / "train.tsv", settings.base_data / "train.tsv.bak-1")
    run = RunFolder.named(settings, "night")
    prepare(run, settings, "auto", Mixing())
    shutil.copy(run.train, run.path / "load_train.tsv")
    evaluation = {"labels": ["正面"], "sets": {"rolling": {"regressions": [{"text": SECRET}, {"text": OTHER}]}}}
    (run.path / "evaluation.json").write_text(json.dumps(evaluation, ensure_ascii=False), encoding="utf-8")
    (run.path / "suspects.json").write_text(json.dumps([{"data": {"text": SECRET}}, {"data": {"text": OTHER}}]))
    (run.path / "train.log").write_text(f"row 1: {SECRET}\nrow 2: {OTHER}\n", encoding="utf-8")
    for left_by_a_kill in (".train.tsv.99999999.tmp", ".train.tsv.0123456789abcdef.99999999.tmp"):
        (run.path / left_by_a_kill).write_text(SECRET, encoding="utf-8")
    trained = settings.trained / "1"
    trained.mkdir(parents=True)
    shutil.copy(run.identities, trained)
    keep(settings, run, 1)
    with changing(settings, who="a test") as change:
        for version, run_name, data in ((1, "night", {}), (2, "second", {"warm_from": 1}), (3, "", {})):
            change.record("published", version, run=run_name, data=data)
    return settings


def forget(settings: Settings, given: str = SECRET, write: bool = True) -> dict[str, Any]:
    return forget_module.forget(Texts(forget_module.read_texts(given)), "a request", settings, write)


def holding(settings: Settings, text: str = "零九一二三四五六") -> set[str]:
    """Returns the files below the home that hold a part of the secret in any of its spellings."""
    spellings = [text.encode(), json.dumps(text)[1:-1].encode()]
    files = [path for path in settings.home.rglob("*") if path.is_file()]
    return {path.name for path in files if any(spelt in path.read_bytes() for spelt in spellings)}


def state_of(settings: Settings) -> dict[str, Any]:
    """Returns all that a deletion may change; when it was is not of interest."""
    with opened(settings.posts_database) as ledger:
        posts = [(item.identity, item.post, item.delivery) for item in ledger.posts()]
        deliveries = [(item.number, item.key, item.hash) for item in ledger.deliveries()]
        with ledger.reading() as connection:
            forgotten = connection.execute("SELECT identity, reason FROM forgotten").fetchall()
    files = {
        str(path.relative_to(settings.home)): path.read_bytes()
        for path in sorted(settings.home.rglob("*"))
        if path.is_file() and not path.name.startswith("ledger.sqlite") and "history" not in path.name
    }
    return {"posts": posts, "deliveries": deliveries, "forgotten": forgotten, **files}


def test_a_served_file_and_a_record_that_hold_a_text_are_named_and_left_as_they_are(shop: Settings) -> None:
    weights = shop.versions / "1" / "variables" / "variables.data-00000-of-00001"
    warm_up = shop.versions / "1" / warmup.FILE
    other = shop.versions.parent / "earlier-name" / "1" / warmup.FILE
    estimates = shop.serving / "estimates.jsonl"
    for file in (weights, warm_up, other, estimates):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"\x0a\x12" + SECRET.encode() + b"\x18")
    result = forget(shop)
    assert result["remaining"] == [str(each.relative_to(shop.home)) for each in (estimates, other, warm_up)]
    assert SECRET.encode() in warm_up.read_bytes() and SECRET.encode() in other.read_bytes()
    for gone in (other, estimates):
        gone.unlink()
    warm_up.write_bytes(OTHER.encode())
    assert forget(shop)["remaining"] == []


def test_no_byte_of_a_forgotten_text_is_left(shop: Settings) -> None:
    assert {"ledger.sqlite", "1.tsv", "2.csv", "train.tsv", "evaluation.json", "train.tsv.bak-1"} < holding(shop)
    kept = len(read_posts(shop.base_data / "train.tsv", shop.label_set))
    result = forget(shop)
    assert holding(shop) == set()
    assert result["remaining"] == []
    assert (result["texts"], result["posts"]) == (1, 1)
    assert len(read_posts(shop.base_data / "train.tsv", shop.label_set)) == kept - 1
    assert {Path(item["file"]).name for item in result["files"]} >= {"1.tsv", "2.csv", "batch.tsv", "suspects.json"}
    assert SECRET not in json.dumps(result, ensure_ascii=False)


def test_everything_else_is_still_there(shop: Settings) -> None:
    before = {path: path.read_bytes() for path in shop.home.rglob("*") if path.is_file() and path.suffix == ".tsv"}
    forget(shop)
    for path, content in before.items():
        if path.name.startswith("."):
            continue
        lines = [line for line in content.splitlines() if "零九一二".encode() not in line]
        assert path.read_bytes().splitlines() == lines
    run = RunFolder.named(shop, "night")
    assert json.loads((run.path / "evaluation.json").read_text(encoding="utf-8")) == {
        "labels": ["正面"],
        "sets": {"rolling": {"regressions": [{"text": OTHER}]}},
    }
    assert json.loads((run.path / "suspects.json").read_text(encoding="utf-8")) == [{"data": {"text": OTHER}}]
    assert (run.path / "train.log").read_text(encoding="utf-8") == f"row 2: {OTHER}\n"


def test_a_forgotten_text_is_refused_when_it_comes_again_and_is_quoted_nowhere(
    shop: Settings, deliver: Deliver
) -> None:
    forget(shop)
    assert ingest(shop.source_folder, shop)["deliveries"] == []  # the mended files are known
    deliver("3.tsv", f"text\tlabel\n{VARIANT}\t2\n{SECRET}\t9\n新的一篇文章\t1\n")
    delivery = ingest(shop.source_folder, shop)["deliveries"][0]
    assert (delivery["accepted"], delivery["quarantined"]) == (1, 2)
    assert delivery["reasons"]["forgotten"] >= 1
    assert holding(shop) == {"3.tsv"}
    # A base file that came back from a copy does not bring it back either.
    write_posts(shop.base_data / "train.tsv", [Post(SECRET, 0), Post(OTHER, 0), Post("別的文章", 1)])
    run = RunFolder.named(shop, "next")
    prepare(run, shop, "full", Mixing())
    assert not {"train.tsv", "batch.tsv"} & {
        path.name for path in run.path.iterdir() if SECRET.encode() in path.read_bytes()
    }


def test_the_models_that_saw_it_are_named(shop: Settings) -> None:
    shutil.rmtree(RunFolder.named(shop, "night").path)  # what a version was trained on outlives its run
    unpublished = RunFolder.named(shop, "unpublished")
    prepare(unpublished, shop, "auto", Mixing())
    for write in (False, True, True):
        models = forget(shop, write=write)["models"]
        assert [(item["version"], item["texts"], item["through"]) for item in models["versions"]] == [
            (1, 1, None),
            (2, 0, 1),
        ]
        assert (models["runs"], models["unknown"]) == (["unpublished"], [3])
    assert forget(shop, "別的東西,沒有人見過的一篇文章")["models"]["versions"] == []


def test_a_dry_run_changes_nothing_and_says_the_same(shop: Settings) -> None:
    before = state_of(shop)
    dry = forget(shop, write=False)
    assert state_of(shop) == before
    done = forget(shop)
    assert (dry["dry_run"], done["dry_run"]) == (True, False)
    for name in ("texts", "posts", "files", "models"):
        assert dry[name] == done[name]


def test_running_it_again_changes_nothing(shop: Settings) -> None:
    forget(shop)
    before = state_of(shop)
    assert (forget(shop)["posts"], forget(shop)["files"]) == (0, [])
    assert state_of(shop) == before


# Runs `sentiment forget`, killed as kill -9 does at the given call of a function.
KILLED = (
    """
import os, signal, sys
from sentiment.lineage import forget
from sentiment.data import ingest as ingesting
from sentiment.data import prepare as preparing
from sentiment.data import ledger
from sentiment.cli import run


place, calls, text = sys.argv[1], int(sys.argv[2]), sys.argv[3]
owner, name = {
    "delete": (forget, "_delete_posts"), "erase": (forget, "erase"), "replace": (os, "replace"),
    "wait": (ledger.Ledger, "wait_for_readers"), "rebuild": (ledger.Ledger, "rebuild"),
}[place]
"""
    + AT_CALL
    + """
run([text, "--reason", "a request"], forget.command, "forget")
"""
)


@pytest.mark.parametrize(
    ("place", "call"),
    [("delete", 1), ("erase", 2), ("replace", 1), ("replace", 3), ("replace", 6), ("wait", 1), ("rebuild", 1)],
)
def test_a_killed_deletion_is_made_good_by_the_next(shop: Settings, tmp_path: Path, place: str, call: int) -> None:
    shutil.copytree(shop.home, tmp_path / "copy")
    killed = subprocess.run([sys.executable, "-c", KILLED, place, str(call), SECRET], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    forget(shop)
    mended = state_of(shop)
    assert holding(shop) == set()
    shutil.rmtree(shop.home)
    shutil.move(tmp_path / "copy", shop.home)
    forget(shop)
    assert state_of(shop) == mended


def test_it_waits_for_who_reads_the_ledger_as_it_was(shop: Settings) -> None:
    with opened(shop.posts_database) as reader, reader.reading() as connection:
        assert connection.execute("SELECT count(*) FROM posts").fetchone()[0]
        with opened(shop.posts_database) as ledger, ledger.writing() as writer:
            writer.execute("DELETE FROM posts")
        with opened(shop.posts_database) as ledger, ledger.reading() as other:
            other.execute("PRAGMA busy_timeout = 50")
            other.rollback()
            assert not ledger.wait_for_readers()
    with opened(shop.posts_database) as ledger:
        assert ledger.wait_for_readers()


def test_a_file_of_texts_may_be_given(shop: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines, table = tmp_path / "lines.txt", tmp_path / "table.tsv"
    lines.write_text(f"\ufeff{SECRET}\n\n{OTHER}\n", encoding="utf-8")
    write_posts(table, [Post(SECRET, 0), Post(OTHER, 1)])
    for file in (lines, table):
        assert run_command([str(file), "--reason", "兩個人的要求", "--dry-run"], forget_module.command, "forget") == 0
        told = capsys.readouterr()
        assert json.loads(told.out)["texts"] == 2
        assert "version 1 (published) saw them: trained on 2" in told.err
        assert SECRET not in told.err


@pytest.mark.parametrize("arguments", [["", "--reason", "x"], [SECRET], [SECRET, "--reason", f"he wrote {SECRET}"]])
def test_wrong_usage_is_one_line_and_forgets_nothing(
    shop: Settings, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    before = state_of(shop)
    capsys.readouterr()
    assert run_command(arguments, forget_module.command, "forget") == 2
    assert state_of(shop) == before


def test_a_short_text_takes_no_label_name_with_it() -> None:
    value = {"labels": ["正面", "負面"], "mistakes": [{"text": "正面", "true": 0}], "title": "正面", "sentence": "正面"}
    kept, number = without(value, Texts(["正面"]))
    assert kept == {"labels": ["正面", "負面"], "mistakes": [], "title": "", "sentence": "正面"}
    assert number == 2


@pytest.mark.parametrize(
    "shown", [SECRET, f"推: {SECRET}", SECRET[:12] + "…", SECRET.replace(",", " "), f"<b>{SECRET}</b>"]
)
def test_a_text_is_found_where_it_is_quoted_or_cut(shown: str) -> None:
    assert Texts([SECRET]).quoted_in(shown)
    assert not Texts([SECRET]).quoted_in(OTHER)
    assert not Texts(["好"]).quoted_in("好吃")


HIDDEN = "=請把我這篇\u202e文章刪掉,-我的電話是零九一二\\x3d三四五六"


def test_a_text_is_found_where_it_is_escaped_for_a_spreadsheet(tmp_path: Path) -> None:
    with quarantining(tmp_path, 1, "a.tsv") as quarantine:
        quarantine.add(Record(2, "", Columns(HIDDEN, "9")), "unknown label '9'")
        quarantine.add(Record(3, f"{HIDDEN}\x1b\t{OTHER}"), "control character in text")
        quarantine.add(Record(4, "", Columns(OTHER, "=9")), "unknown label '=9'")
    path = file_of(tmp_path, 1, "a.tsv")
    assert HIDDEN not in path.read_text("utf-8-sig")
    texts = Texts([HIDDEN])
    assert still_in(path, texts.patterns())
    found = erase(path, texts, write=True)
    assert found is not None and found.number == 2
    assert [row["line"] for row in rows_of(path)] == ["4"]
    assert not still_in(path, texts.patterns())
    tasks = tmp_path / "suspects.json"
    tasks.write_text(visible_in_json(json.dumps([{"text": HIDDEN}, {"text": OTHER}], ensure_ascii=False)), "utf-8")
    assert still_in(tasks, texts.patterns())
    found = erase(tasks, texts, write=True)
    assert found is not None and found.number == 1
    assert json.loads(tasks.read_text("utf-8")) == [{"text": OTHER}]


def test_a_row_goes_with_all_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "quoted.csv"
    rows = [b"text,label", '"第一行'.encode(), b"", '第三行",1'.encode(), "留下,0".encode(), b'"a""b",2', b""]
    path.write_bytes(b"\r\n".join(rows))
    assert erase(path, Texts(["第一行\n\n第三行"]), write=True) is not None
    assert path.read_bytes() == b"\r\n".join([rows[0], *rows[4:]])
    assert erase(path, Texts(['a"b']), write=True) is not None
    assert path.read_bytes() == b"text,label\r\n" + "留下,0\r\n".encode()
    assert erase(path, Texts(["沒有的"]), write=True) is None


def test_identities_are_looked_up_in_their_file(tmp_path: Path) -> None:
    texts = [f"第{number}篇！" for number in range(100)]
    names, old_names = [identity(text) for text in texts], [identity_1(text) for text in texts]
    path = tmp_path / "identities.bin"
    with path.open("wb") as file:
        write_identities(file, sorted(bytes.fromhex(name) for name in names[:50]))
    assert count_in(path, {2: names, 1: []}) == 50
    assert count_in(path, {2: names[50:], 1: names}) == 0
    # A file that an older version left has no heading, and holds the identities of that version.
    path.write_bytes(b"".join(sorted(bytes.fromhex(name) for name in old_names[:50])))
    assert count_in(path, {1: old_names, 2: names}) == 50
    assert count_in(path, {1: old_names[50:], 2: names}) == 0
    path.write_bytes(b"")
    assert count_in(path, {1: old_names, 2: names}) == 0


def test_what_was_relabelled_before_leaves_no_trace_in_the_database(shop: Settings, deliver: Deliver) -> None:
    for number, label in enumerate((1, 2, 0, 1), 5):
        deliver(f"{number}.tsv", [(SECRET, label)])
        ingest(shop.source_folder, shop)
    forget(shop)
    assert not any("零九一二三四五六".encode() in path.read_bytes() for path in shop.datasets.glob("ledger.sqlite*"))
    with sqlite3.connect(shop.posts_database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_row_goes_from_a_file_in_another_encoding_and_the_others_stay_as_they_were(tmp_path: Path) -> None:
    rows = [f"{OTHER}\t0\r\n", f"{SECRET}\t1\r\n", "這家店的老闆很親切,下次還會再來\t0\r\n"]
    path = tmp_path / "big5.tsv"
    path.write_bytes(("text\tlabel\r\n" + "".join(rows)).encode("big5"))
    assert erase(path, Texts([SECRET]), write=True)
    assert path.read_bytes() == ("text\tlabel\r\n" + rows[0] + rows[2]).encode("big5")


def test_what_cannot_be_searched_is_named(shop: Settings) -> None:
    rows = f"text\tlabel\r\n{SECRET}\t0\r\n".encode("utf-16")
    inbox = Path(shop.source_folder)
    (inbox / "wide.tsv").write_bytes(rows)
    (inbox / "other.jsonl").write_bytes(json.dumps({"text": SECRET}, ensure_ascii=False).encode("gb18030"))
    named = forget_module.forget(Texts([SECRET]), "asked", shop, write=False)["not_searched"]
    assert [Path(name).name for name in named] == ["other.jsonl", "wide.tsv"]


def test_backups_and_what_a_restore_put_aside_are_named_since_they_keep_the_text(
    shop: Settings, tmp_path: Path
) -> None:
    (shop.home / "replaced-2026-11-27T083000.000000Z").mkdir()
    backed_up = dataclasses.replace(shop, backup_folder=str(tmp_path / "backups"))
    named = forget_module.forget(Texts([SECRET]), "asked", backed_up, write=False)["not_searched"]
    assert named == ["replaced-2026-11-27T083000.000000Z", str(tmp_path / "backups")]


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "big5"])
def test_the_texts_to_forget_may_be_in_any_encoding(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "texts.txt"
    path.write_bytes(f"{SECRET}\r\n{OTHER}\r\n".encode(codec))
    assert forget_module.read_texts(str(path)) == [SECRET, OTHER]


def test_a_text_that_is_the_title_of_another_post_goes_with_that_post(settings: Settings, deliver: Deliver) -> None:
    kept = f"text\tlabel\ttitle\n{OTHER}\t0\t\n"
    path = deliver("1.tsv", f"{kept}這一篇有標題\t0\t{VARIANT}\n")
    ingest(settings.source_folder, settings)
    dry = forget_module.forget(Texts([SECRET]), "asked to", settings, write=False)
    result = forget_module.forget(Texts([SECRET]), "asked to", settings, write=True)
    assert dry["posts"] == result["posts"] == 1 and result["remaining"] == []
    assert [item["number"] for item in result["files"]] == [1] and path.read_text("utf-8") == kept
    with opened(settings.posts_database) as ledger:
        assert [item.post.text for item in ledger.posts()] == [OTHER]
    assert ingest(settings.source_folder, settings)["deliveries"] == []
    deliver("2.tsv", f"text\tlabel\ttitle\n這一篇有標題\t0\t{SECRET}\n")
    assert ingest(settings.source_folder, settings)["quarantined"] == 1
    deliver("3.tsv", "text\tlabel\ttitle\n這一篇有標題\t0\t另一個標題\n")
    assert ingest(settings.source_folder, settings)["accepted"] == 1


def test_it_is_taken_out_of_the_posts_without_labels_too_wherever_they_are(settings: Settings, tmp_path: Path) -> None:
    corpus = tmp_path / "elsewhere" / "posts.txt"
    corpus.parent.mkdir()
    corpus.write_text(f"{OTHER}\n{SECRET}\n", encoding="utf-8")
    chosen = dataclasses.replace(settings, pretrain_corpus=str(corpus.parent))
    forget(chosen)
    assert corpus.read_text(encoding="utf-8") == f"{OTHER}\n"


def test_a_packed_file_with_the_text_as_a_title_is_named(settings: Settings, deliver: Deliver) -> None:
    deliver("1.tsv.gz", gzip.compress(f"text\tlabel\ttitle\n這一篇有標題\t0\t{SECRET}\n".encode()))
    ingest(settings.source_folder, settings)
    result = forget_module.forget(Texts([SECRET]), "asked to", settings, write=True)
    assert [Path(name).name for name in result["remaining"]] == ["1.tsv.gz"]


def kept_tokens(folder: Path) -> Path:
    """What a pretraining keeps of its corpus; a `.bin` is not searched."""
    tokens = folder / "tokens" / "learnt" / "ids.bin"
    tokens.parent.mkdir(parents=True)
    tokens.write_bytes(bytes(range(64)))
    return tokens


def test_what_a_stopped_pretraining_keeps_is_removed_and_one_that_runs_is_named(shop: Settings) -> None:
    """Its tokens are the posts themselves. Killed half-way and given again, nothing is left to erase but them."""
    name, forget = "encoders/.1.unfinished", forget_module.forget
    tokens = kept_tokens(shop.home / name)
    told = forget(Texts([SECRET]), "asked", shop, write=False)
    assert (told["unfinished"], told["not_searched"]) == ([name], []) and tokens.exists()
    assert f"{name} would be removed: a stopped pretraining keeps posts there" in "\n".join(forget_module.told(told))
    with held(own_encoder.lock_of(shop), "小王"):
        told = forget(Texts([SECRET]), "asked", shop, write=True)
    assert (told["unfinished"], told["not_searched"]) == ([], [name]) and tokens.exists()
    told = forget(Texts([SECRET]), "asked", shop, write=True)
    assert (told["unfinished"], told["not_searched"]) == ([name], [])
    assert not (shop.home / name).exists()
    assert f"{name} was removed: a stopped pretraining kept posts there" in "\n".join(forget_module.told(told))


def test_what_a_stopped_pretraining_keeps_in_a_run_is_named(shop: Settings) -> None:
    tokens = kept_tokens(shop.runs / "x" / ".encoder.unfinished")
    told = forget_module.forget(Texts([SECRET]), "asked", shop, write=True)
    assert told["not_searched"] == ["runs/x/.encoder.unfinished"] and tokens.exists()


@pytest.mark.parametrize(
    "kept",
    ["tokens/held_out/ids.bin", ".tokens.0123456789abcdef.999999.tmp/learnt/ids.bin", ".tokens.999999.old/begins.bin"],
)
def test_the_tokens_of_a_pretraining_that_was_killed_are_named_wherever_it_came_to(shop: Settings, kept: str) -> None:
    tokens, training = shop.runs / "x" / ".encoder.unfinished" / kept, shop.runs / "y" / ".model.unfinished" / "epoch-1"
    for folder in (tokens.parent, training):
        folder.mkdir(parents=True)
    tokens.write_bytes(bytes(range(64)))
    (training / "state.index").write_bytes(b"weights")
    told = forget_module.forget(Texts([SECRET]), "asked", shop, write=True)
    assert told["not_searched"] == ["runs/x/.encoder.unfinished"] and tokens.exists()
