"""A home → a backup → damage → a restore → what works again, and that nothing sound goes back in time."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.small_homes import deliver, release

from sentiment import own_encoder
from sentiment.backup.backup import backup
from sentiment.backup.folder import FILES, MANIFEST
from sentiment.backup.restore import restore
from sentiment.cli import run
from sentiment.data import ledger_file
from sentiment.data.ledger import opened
from sentiment.errors import InputError
from sentiment.results.backup import Restored
from sentiment.serving import models_config
from sentiment.serving.change import changing
from sentiment.serving.history import read_state
from sentiment.settings import Settings


@pytest.fixture
def made(home: Settings, place: Path) -> Path:
    """A backup of the home, with its models."""
    folder = backup(home, place, 7, True, "ops").folder
    assert folder is not None
    return Path(folder)


def content(home: Settings) -> dict[str, bytes]:
    """What the home holds, by name, without locks and what a restore put aside."""
    files = (path for path in home.home.rglob("*") if path.is_file() and path.suffix != ".lock")
    found = {str(path.relative_to(home.home)): path.read_bytes() for path in files}
    return {name: what for name, what in found.items() if not name.startswith("replaced-") and "reserve" not in name}


def damage_pages(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: 4096 * 4] + b"\xaa" * (len(whole) - 4096 * 4))


def posts(home: Settings) -> list[str]:
    with opened(home.posts_database) as ledger:
        return [item.post.text for item in ledger.posts()]


def test_nothing_is_restored_where_nothing_is_damaged(home: Settings, made: Path) -> None:
    deliver(home, 3)
    release(home, 3)
    (home.base_data / "test.tsv").write_text("text\tlabel\nanother\t0\n", encoding="utf-8")
    before = content(home)
    done = restore(made, home, "ops")
    assert (done.restored, done.aside) == ([], None)
    assert done.stays == ["datasets/old_sentiment/test.tsv"] and "Nothing is damaged or gone" in done.sentence
    assert content(home) == before


def test_a_home_that_is_gone_comes_back_and_goes_on(home: Settings, made: Path) -> None:
    before, told = content(home), posts(home)
    shutil.rmtree(home.home)
    done = restore(made, home, "ops")
    after = content(home)
    assert {name for name in before if name not in after} == {"runs/night-1/train.tsv"}
    assert {name for name in after if after[name] != before[name]} <= {"datasets/ledger.sqlite"}
    assert posts(home) == told and done.aside is None
    deliver(home, 3)
    release(home, 3)
    with changing(home, "ops", way_back=True) as change:
        change.record("rolled_back", 2)
    assert read_state(home).stable == 2


def test_a_home_comes_back_in_another_place(home: Settings, made: Path, tmp_path: Path) -> None:
    there = Settings(home=tmp_path / "there", serving_urls="")
    restore(made, there, "ops")
    assert str(there.versions) in there.models_config.read_text(encoding="utf-8")
    assert models_config.read(there.models_config) == models_config.rendered(read_state(there), there)
    assert posts(there) == posts(home)


def test_the_encoder_that_a_home_pretrained_comes_back_with_the_models(
    home: Settings, place: Path, tmp_path: Path
) -> None:
    own_encoder.folder_of(home, 1).mkdir(parents=True)
    (own_encoder.folder_of(home, 1) / "model.safetensors").write_bytes(b"weights")
    own_encoder.make_current(home, 1, "abc")
    folder = backup(home, place, 7, True, "ops").folder
    assert folder is not None
    there = Settings(home=tmp_path / "there", serving_urls="")
    restore(Path(folder), there, "ops")
    assert own_encoder.current(there) == own_encoder.current(home)
    assert (own_encoder.folder_of(there, 1) / "model.safetensors").read_bytes() == b"weights"


def empty_history(home: Settings) -> None:
    """Leaves nothing that knows of an event."""
    home.history.write_bytes(b"")
    home.history_copy.unlink()
    home.models_config.unlink()


def change_ledger(statement: str) -> Damage:
    """Returns a damage that leaves every page of the ledger whole."""

    def damage(home: Settings) -> None:
        with closing(sqlite3.connect(home.posts_database)) as connection, connection:
            connection.execute(statement)

    return damage


Damage = Callable[[Settings], object]
# Of these, no command that needs the ledger goes on, and each says that a backup is to be restored.
REFUSED = [
    "PRAGMA user_version = 4",
    "DROP INDEX posts_with_title",
    "DELETE FROM deliveries WHERE number = 2",
    "UPDATE about SET value = zeroblob(32) WHERE name = 'salt'",
    "UPDATE posts SET label = -1",
    "UPDATE posts SET label = 99",
]
LEDGER, HISTORY = "datasets/ledger.sqlite", ["serving/history.jsonl"]
OF_HISTORY = [*HISTORY, "serving/history.copy.jsonl", "serving/models/models.config"]
DAMAGES: list[tuple[Damage, list[str]]] = [
    (lambda home: damage_pages(home.posts_database), [LEDGER]),
    *((change_ledger(statement), [LEDGER]) for statement in REFUSED),
    (lambda home: home.posts_database.write_bytes(b""), [LEDGER]),
    (lambda home: home.posts_database.unlink(), [LEDGER]),
    (lambda home: shutil.rmtree(home.serving), OF_HISTORY),
    (empty_history, OF_HISTORY),
    (lambda home: [path.write_bytes(b"{}\n") for path in (home.history, home.history_copy)], OF_HISTORY),
    (lambda home: (home.base_data / "test.tsv").write_bytes(b""), ["datasets/old_sentiment/test.tsv"]),
    (lambda home: (home.base_data / "test.tsv").write_bytes(bytes(99)), ["datasets/old_sentiment/test.tsv"]),
    (lambda home: shutil.rmtree(home.runs), ["runs/night-1/gate.json"]),
    (lambda home: (home.versions / "2" / "saved_model.pb").write_bytes(b"x" * 100), []),
    (lambda home: shutil.rmtree(home.versions / "1"), []),
]


@pytest.mark.parametrize(("damage", "restored"), DAMAGES)
def test_what_is_damaged_is_put_back_and_kept_aside(
    home: Settings, made: Path, damage: Damage, restored: list[str]
) -> None:
    state, told = read_state(home), posts(home)
    damage(home)
    broken = content(home)
    done = restore(made, home, "ops")
    assert set(restored) <= set(done.restored)
    for name in done.restored:
        assert name == LEDGER or (home.home / name).read_bytes() == (made / FILES / name).read_bytes()
        if name in broken:
            assert done.aside and (Path(done.aside) / name).read_bytes() == broken[name]
    after = content(home)
    assert {name for name in broken if after.get(name) != broken[name]} <= set(done.restored)
    assert (read_state(home), posts(home)) == (state, told)
    assert restore(made, home, "ops").restored == []
    with changing(home, "ops", way_back=True) as change:
        change.record("rolled_back", 1)


def test_a_history_that_went_on_stays_when_the_ledger_is_put_back(home: Settings, made: Path) -> None:
    deliver(home, 3)
    release(home, 3)
    damage_pages(home.posts_database)
    done = restore(made, home, "ops")
    assert done.restored == [LEDGER] and read_state(home).stable == 3
    assert "forget them again" in done.sentence


def test_a_ledger_that_went_on_stays_when_the_history_is_put_back(home: Settings, made: Path) -> None:
    deliver(home, 3)
    shutil.rmtree(home.serving)
    assert LEDGER not in restore(made, home, "ops").restored
    with opened(home.posts_database) as ledger:
        assert ledger.watermark() == 3


def test_the_numbers_of_lost_deliveries_are_given_to_no_other(home: Settings, made: Path) -> None:
    deliver(home, 3)
    deliver(home, 4)
    release(home, 3)
    (home.runs / "night-4").mkdir()
    told = {"deliveries": [], "accepted": 0, "quarantined": 0, "left": [], "not_read": [], "watermark": 4}
    (home.runs / "night-4" / "ingest.json").write_text(json.dumps(told), encoding="utf-8")
    home.posts_database.unlink()
    restore(made, home, "ops")
    with opened(home.posts_database) as ledger:
        assert ledger.watermark() == 4, "a model that was trained at watermark 3 or 4 would never see them"
        assert [item.number for item in ledger.deliveries()] == [1, 2, 4]


def test_the_copy_of_the_history_is_preferred_since_it_is_newer(home: Settings, made: Path) -> None:
    release(home, 3)
    home.history.write_bytes(home.history.read_bytes()[:50])
    assert not set(OF_HISTORY) & set(restore(made, home, "ops").restored)
    assert read_state(home).stable == 3


def test_a_log_of_the_damaged_ledger_is_not_played_into_the_sound_one(home: Settings, made: Path) -> None:
    log = home.posts_database.with_name("ledger.sqlite-wal")
    with opened(home.posts_database):
        deliver(home, 3)
        left = log.read_bytes()  # as a crash of the machine leaves it
    log.write_bytes(left)
    home.posts_database.unlink()
    done = restore(made, home, "ops")
    assert left and done.aside and (Path(done.aside) / "datasets" / log.name).read_bytes() == left
    assert len(posts(home)) == 120 and ledger_file.problem(home.posts_database) == ""


@pytest.mark.parametrize("name", ["serving/history.jsonl", LEDGER, "serving/home-id"])
def test_a_damaged_backup_changes_nothing(home: Settings, made: Path, name: str) -> None:
    home.posts_database.unlink()
    before = content(home)
    whole = (made / FILES / name).read_bytes()
    (made / FILES / name).write_bytes(b"x" + whole[1:])
    with pytest.raises(InputError, match=f"must be as they were; found a changed {name}"):
        restore(made, home, "ops")
    (made / FILES / name).unlink()
    with pytest.raises(InputError, match=f"must have all its files; found no file {name}"):
        restore(made, home, "ops")
    assert content(home) == before


BESIDE = ["datasets/ledger.sqlite-wal", "datasets/ledger.sqlite-journal", "serving/history.lock", f"runs/{'n' * 300}"]
NO_NAMES = ["serving/a\0b", "runs/\ud800"]


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/passwd", "serving/../../outside", "plugins/code.py", "", *BESIDE, *NO_NAMES]
)
def test_a_backup_puts_nothing_outside_the_home(home: Settings, made: Path, name: str) -> None:
    manifest = json.loads((made / MANIFEST).read_text(encoding="utf-8"))
    manifest["files"].append({"path": name, "bytes": 0, "sha256": ""})
    (made / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(InputError, match="must be a home's; found"):
        restore(made, home, "ops")


def test_a_link_in_a_backup_is_no_file_of_it(home: Settings, made: Path, tmp_path: Path) -> None:
    file = made / FILES / "serving" / "flags"
    file.rename(tmp_path / "flags")
    file.symlink_to(tmp_path / "flags")
    with pytest.raises(InputError, match="must have all its files; found no file serving/flags"):
        restore(made, home, "ops")
    (made / FILES / "serving").rename(tmp_path / "serving")
    (made / FILES / "serving").symlink_to(tmp_path / "serving")
    with pytest.raises(InputError, match="must have all its files; found no file serving/"):
        restore(made, home, "ops")


def test_the_backup_of_another_home_is_refused(home: Settings, made: Path, place: Path, tmp_path: Path) -> None:
    other = Settings(home=tmp_path / "other", serving_urls="")
    backup(other, place, 7, False, "ops")
    with pytest.raises(InputError, match=f"must be a backup of .*other; found one of another home.*{home.home}"):
        restore(made, other, "ops")
    assert not other.history.exists()


def test_what_is_no_backup_is_one_line(home: Settings, made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match=r"No such file: .*manifest\.json"):
        restore(made.parent, home, "ops")
    text = (made / MANIFEST).read_text(encoding="utf-8")
    (made / MANIFEST).write_text(text.replace('"format": 1', '"format": 2'), encoding="utf-8")
    with pytest.raises(InputError, match="must be of format 1; found format 2"):
        restore(made, home, "ops")


KILLED = """
import os, signal, sys
from pathlib import Path
from sentiment.backup import restore as module
from sentiment.settings import read_settings
calls = int(sys.argv[1])
put_back = module.Restoring._put_back
def counting(*arguments):
    global calls
    calls -= 1
    if calls == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return put_back(*arguments)
module.Restoring._put_back = counting
module.restore(Path(sys.argv[2]), read_settings(), "ops")
"""


@pytest.mark.parametrize("calls", [2, 3, 4])
def test_one_that_was_killed_is_finished_by_the_next(home: Settings, made: Path, calls: int) -> None:
    state, told = read_state(home), posts(home)
    shutil.rmtree(home.serving)
    damage_pages(home.posts_database)
    environment = {**os.environ, "SENTIMENT_HOME": str(home.home), "SENTIMENT_SERVING_URLS": ""}
    killed = subprocess.run([sys.executable, "-c", KILLED, str(calls), str(made)], env=environment, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    restore(made, home, "ops")
    assert (read_state(home), posts(home)) == (state, told)


def test_the_verb_says_what_it_did(
    home: Settings, made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENTIMENT_HOME", str(home.home))
    monkeypatch.setenv("SENTIMENT_SERVING_URLS", "")
    home.posts_database.write_bytes(b"")
    assert run(["restore", str(made)]) == 0
    printed = capsys.readouterr()
    assert "datasets/ledger.sqlite is restored; found 0 bytes" in printed.err
    told = Restored(**json.loads(printed.out.splitlines()[-1]))
    assert told.restored == [LEDGER] and "1 file restored from" in told.sentence


def test_what_a_killed_restore_left_half_written_goes(home: Settings, made: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    ledger = home.posts_database
    left, of_the_living = (ledger.with_name(f".ledger.sqlite.{'0' * 16}.{pid}.tmp") for pid in (gone.pid, os.getppid()))
    for path in (left, of_the_living):
        path.write_bytes(ledger.read_bytes())
    ledger.unlink()
    assert LEDGER in restore(made, home, "ops").restored
    assert (left.exists(), of_the_living.exists()) == (False, True)
