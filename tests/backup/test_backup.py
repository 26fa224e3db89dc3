"""What a backup holds, that it is whole, and that nothing which is not a backup of this home is ever removed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs
from support.small_disk import small_disk

from sentiment.backup import copying
from sentiment.backup.backup import backup
from sentiment.backup.folder import FILES, MANIFEST, manifest_of, newest_first, require_whole
from sentiment.cli import run
from sentiment.data import ledger_file
from sentiment.data.ledger import opened
from sentiment.data.ledger_batch import Counts
from sentiment.errors import InputError, UnavailableError
from sentiment.own_encoder import folder_of, make_current
from sentiment.results import record
from sentiment.results.backup import KeptFile
from sentiment.serving.change import changing
from sentiment.settings import Settings


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def made(home: Settings, place: Path, keep: int = 7, with_models: bool = False) -> Path:
    folder = backup(home, place, keep, with_models, "ops").folder
    assert folder is not None
    return Path(folder)


def test_it_holds_what_cannot_be_made_again_and_nothing_else(home: Settings, place: Path) -> None:
    path = made(home, place)
    manifest = manifest_of(path)
    require_whole(path, manifest)
    assert sorted(file.path for file in manifest.files) == [
        "datasets/ledger.sqlite",
        "datasets/old_sentiment/test.tsv",
        "runs/night-1/gate.json",
        "serving/flags",
        "serving/history.copy.jsonl",
        "serving/history.jsonl",
        "serving/home-id",
        "serving/models/boot.config",
        "serving/models/models.config",
        "serving/records/1/gate.json",
        "serving/trained/1/model.json",
        "serving/trained/2/model.json",
    ]
    assert (manifest.events, manifest.deliveries, manifest.models) == (8, 2, False)
    copy = path / FILES / "datasets" / "ledger.sqlite"
    with contextlib.closing(sqlite3.connect(f"file:{copy}?mode=ro&immutable=1", uri=True)) as ledger:
        assert ledger.execute("SELECT count(*), sum(length(text)) FROM posts").fetchone()[0] == 120
    assert path.stat().st_mode & 0o777 == 0o700


def test_a_backup_of_very_many_files_can_be_read(home: Settings, place: Path) -> None:
    path = made(home, place)
    manifest = manifest_of(path)
    many = [
        KeptFile(path=f"datasets/quarantine/{number}-{'x' * 60}.tsv", bytes=1, sha256="0" * 64)
        for number in range(90_000)
    ]
    record.write(path / MANIFEST, structs.replace(manifest, files=[*manifest.files, *many]))
    assert (path / MANIFEST).stat().st_size > record.LARGEST
    assert len(manifest_of(path).files) == len(manifest.files) + 90_000


def test_with_models_it_holds_those_that_are_served_and_the_previous_one(home: Settings, place: Path) -> None:
    files = {file.path for file in manifest_of(made(home, place, with_models=True)).files}
    for version in (1, 2):
        assert f"serving/models/sentiment/{version}/saved_model.pb" in files
        assert f"serving/trained/{version}/weights.h5" in files


def test_with_models_it_holds_the_current_encoder_and_the_note_that_names_it(home: Settings, place: Path) -> None:
    for number in (1, 2):
        folder_of(home, number).mkdir(parents=True)
        (folder_of(home, number) / "model.safetensors").write_bytes(b"weights")
    make_current(home, 2, "abc")
    with_models, without = (
        {file.path for file in manifest_of(made(home, place, with_models=models)).files} for models in (True, False)
    )
    held = {path for path in with_models if path.startswith("encoders/")}
    assert held == {"encoders/current.json", "encoders/2/model.safetensors"}
    assert not [path for path in without if path.startswith("encoders/")]
    for path in (one.path for one in newest_first(place)):
        require_whole(path, manifest_of(path))  # as a restore asks, which refused the encoders as no part of a home


def test_the_newest_stay_and_what_is_no_backup_of_this_home_is_left_alone(
    home: Settings, place: Path, tmp_path: Path
) -> None:
    (place / "notes.txt").write_text("ours", encoding="utf-8")
    (place / "sentiment-backup-2020-01-01T000000.000000Z").mkdir()  # the name alone does not make it one
    (place / "sentiment-backup-of-ann").mkdir()
    (place / ".sentiment-backup-mine.tmp").mkdir()
    other = Settings(home=tmp_path / "other", serving_urls="")
    theirs = made(other, place)
    link = place / "sentiment-backup-2020-01-02T000000.000000Z"
    link.symlink_to(theirs, target_is_directory=True)
    before = names(place)
    backups = [made(home, place, keep=2) for _ in range(4)]
    assert names(place) == sorted([*before, backups[2].name, backups[3].name])
    assert [found.path for found in newest_first(place)] == [*backups[:1:-1], theirs]


def test_the_one_just_made_stays_though_the_clock_went_back(home: Settings, place: Path) -> None:
    first = made(home, place)
    first = first.rename(place / "sentiment-backup-2099-01-01T000000.000000Z")
    second = made(home, place, keep=1)
    assert names(place) == [second.name]


KILLED = """
import os, signal, sys
from pathlib import Path
from types import SimpleNamespace
from sentiment.backup import backup as module, folder
from sentiment.settings import read_settings
where, place = sys.argv[1:]
def kill(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)
if where == "write": module.record.write = kill
if where == "rmtree": folder.shutil = SimpleNamespace(rmtree=kill)
module.backup(read_settings(), Path(place), 1, False)
"""


@pytest.mark.parametrize("where", ["write", "rmtree"])
def test_one_that_is_killed_half_way_leaves_no_half(home: Settings, place: Path, where: str) -> None:
    first = made(home, place)
    environment = {**os.environ, "SENTIMENT_HOME": str(home.home), "SENTIMENT_SERVING_URLS": ""}
    killed = subprocess.run([sys.executable, "-c", KILLED, where, str(place)], env=environment, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    half = [path for path in place.iterdir() if path.name.startswith(".sentiment-backup-2")]
    whole = [found.path for found in newest_first(place)]
    assert len(half) == 1 and (whole == [first] if where == "write" else len(whole) == 1)
    for path in whole:
        require_whole(path, manifest_of(path))
    last = made(home, place, keep=1)
    assert names(place) == [last.name]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", 200 << 10) as folder:
        yield folder


@pytest.mark.parametrize("filler", [60_000, 170_000])
def test_one_that_does_not_fit_is_one_line_and_leaves_nothing(home: Settings, small: Path, filler: int) -> None:
    (small / "filler").write_bytes(b"x" * filler)
    (home.runs / "night-1" / "large.txt").write_text("x" * 100_000, encoding="utf-8")
    with pytest.raises(UnavailableError, match=r"small must have room for a backup; .* Remove older backups there"):
        backup(home, small, 1, False)
    assert names(small) == ["filler"]


def test_a_ledger_that_does_not_fit_is_one_line_too(home: Settings, small: Path) -> None:
    (small / "filler").write_bytes(b"x" * 120_000)
    with pytest.raises(UnavailableError, match="small must have room for a backup"):
        backup(home, small, 1, False)
    assert names(small) == ["filler"]


def test_a_damaged_ledger_is_never_backed_up_and_pushes_no_good_backup_out(home: Settings, place: Path) -> None:
    good = made(home, place)
    content = home.posts_database.read_bytes()
    home.posts_database.write_bytes(content[: 4096 * 4] + b"\xaa" * (len(content) - 4096 * 4))
    with pytest.raises(InputError, match=r"ledger\.sqlite must be whole; found damage"):
        backup(home, place, 1, False)
    home.posts_database.unlink()
    with pytest.raises(InputError, match="must be there, since one was made"):
        backup(home, place, 1, False)
    assert names(place) == [good.name]


@pytest.mark.parametrize("lost", ["DROP INDEX posts_with_title", "DELETE FROM deliveries WHERE number = 2"])
def test_a_ledger_that_no_command_would_open_is_never_backed_up(home: Settings, place: Path, lost: str) -> None:
    with contextlib.closing(sqlite3.connect(home.posts_database)) as connection, connection:
        connection.execute(lost)
    with pytest.raises(InputError, match=r"ledger\.sqlite must be whole; found damage"):
        backup(home, place, 1, False)
    assert names(place) == []


def test_a_cut_history_is_never_backed_up(home: Settings, place: Path) -> None:
    lines = home.history.read_bytes().splitlines(keepends=True)
    home.history.write_bytes(b"".join(lines[:-1]))
    with pytest.raises(InputError, match="must hold the 8 events"):
        backup(home, place, 1, False)
    assert names(place) == []


def test_a_changed_model_is_never_backed_up(home: Settings, place: Path) -> None:
    (home.versions / "2" / "saved_model.pb").write_bytes(b"x" * 100)
    with pytest.raises(InputError, match="version 2 must be as it was published"):
        made(home, place, with_models=True)
    assert manifest_of(made(home, place)).models is False


def test_it_is_whole_while_others_deliver_and_change_what_is_served(home: Settings, place: Path) -> None:
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            with opened(home.posts_database) as ledger, ledger.writing():
                number = ledger.watermark() + 1
                ledger.record(number, f"{number}.tsv", "hash", Counts())
            with changing(home, "ops") as change:
                change.record("published", number, data={"watermark": number})
                change.record("pruned", number)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        backups = [made(home, place) for _ in range(5)]
    finally:
        stop.set()
        worker.join()
    for path in backups:
        manifest = manifest_of(path)
        require_whole(path, manifest)
        lines = (path / FILES / "serving" / "history.jsonl").read_text(encoding="utf-8").splitlines()
        assert len(lines) == manifest.events
        known = max(json.loads(line).get("data", {}).get("watermark", 0) for line in lines)
        assert known <= manifest.deliveries, "no model knows a delivery that the ledger lacks"


def test_the_folder_must_be_there_and_outside(home: Settings, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must exist; found no folder"):
        backup(home, tmp_path / "not connected", 7, False)
    assert not (tmp_path / "not connected").exists()
    with pytest.raises(InputError, match="must be outside of SENTIMENT_HOME"):
        backup(home, home.runs, 7, False)


def test_the_verb_takes_its_folder_from_the_setting(
    home: Settings, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENTIMENT_HOME", str(home.home))
    assert run(["backup"]) == 2
    assert "set SENTIMENT_BACKUP_FOLDER" in capsys.readouterr().err
    assert run(["backup", "--if-set"]) == 0
    assert json.loads(capsys.readouterr().out)["not_set"] is True
    monkeypatch.setenv("SENTIMENT_BACKUP_FOLDER", str(place))
    monkeypatch.setenv("SENTIMENT_BACKUP_KEEP", "1")
    monkeypatch.setenv("SENTIMENT_BACKUP_MODELS", "served")
    for _ in range(2):
        assert run(["backup", "--if-set"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert len(told["removed"]) == 1 and names(place) == [Path(told["folder"]).name]
    assert manifest_of(Path(told["folder"])).models is True


def test_a_copy_that_reads_otherwise_is_no_backup(home: Settings, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "copy", lambda source, target: "0" * 64 * target.write_bytes(b"x"))
    with pytest.raises(InputError, match="a copy must read as it was written"):
        backup(home, place, 7, False)
    assert names(place) == []


def test_a_ledger_of_an_old_format_is_copied_as_it_is(home: Settings, place: Path) -> None:
    old = Path(__file__).parents[1] / "data" / "ledger_version_1.sqlite"
    home.posts_database.write_bytes(old.read_bytes())
    copy = made(home, place) / FILES / "datasets" / "ledger.sqlite"
    assert (ledger_file.problem(copy), ledger_file.newest_delivery(copy)) == ("", 2)
    with contextlib.closing(sqlite3.connect(copy)) as ledger:
        assert ledger.execute("PRAGMA user_version").fetchone() == (1,)


def test_a_backup_names_its_manifest_last(home: Settings, place: Path) -> None:
    path = made(home, place)
    (path / MANIFEST).unlink()
    assert list(newest_first(place)) == []


def test_retired_test_sets_and_the_record_of_their_refreshments_are_in_it(home: Settings, place: Path) -> None:
    (home.base_data / "retired").mkdir()
    (home.base_data / "retired" / "test-1-2026-01-01.tsv").write_text("text\tlabel\n好\t0\n", encoding="utf-8")
    for name in ("refreshments.jsonl", "decisions.jsonl"):
        (home.serving / name).write_text("{}\n", encoding="utf-8")
    (home.serving / "refreshments.lock").touch()
    found = {file.path for file in manifest_of(made(home, place)).files}
    assert {
        "datasets/old_sentiment/retired/test-1-2026-01-01.tsv",
        "serving/refreshments.jsonl",
        "serving/decisions.jsonl",
    } <= found
    assert "serving/refreshments.lock" not in found


@pytest.mark.parametrize("name", [b"datasets/old_sentiment/\xa5\xfe.tsv", b"serving/notes-journal"])
def test_what_a_restore_would_refuse_is_no_backup(home: Settings, place: Path, name: bytes) -> None:
    """A file that somebody unpacked with its Big5 name made every backup one that could not be restored."""
    Path(os.fsdecode(os.fsencode(home.home) + b"/" + name)).write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="must have a name with which it can be put back") as raised:
        made(home, place)
    assert str(raised.value).isprintable() and not names(place)


def test_a_backup_that_could_not_be_read_is_none(home: Settings, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(home, place)
    monkeypatch.setattr("sentiment.backup.backup.LARGEST_MANIFEST", 100)
    with pytest.raises(InputError, match="must not have too many files to be restored; found 12 in "):
        made(home, place)
    assert len([one for one in place.iterdir() if one.is_dir()]) == 1, "the one that was made before"
