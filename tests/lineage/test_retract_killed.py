"""`sentiment retract` is killed at every statement it gives to the ledger and at every change to the disk, in turn."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentiment.data.ingest import ingest
from sentiment.settings import Settings

# A child that is killed, for each step: forked, so that TensorFlow and its threads must not be in this process.
STORY = """
import contextlib, io, json, os, shutil, signal, sqlite3, sys
from pathlib import Path
from sentiment.cli import run
from sentiment.data import ledger

CHANGES = ("os.rename", "os.remove", "os.truncate")
start, place, undo = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
connect = sqlite3.connect

def retract(home, result):
    os.environ["SENTIMENT_HOME"] = str(home)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        code = run(["retract", "2", "--reason", "why", "--who", "ops", "--result", str(result), *undo])
    assert code == 0, said.getvalue()

def dying_at(step, action):
    child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, -signal.SIGKILL), status
        return status == 0
    left = step
    def count(*_):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    def audited(event, arguments):
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if event in CHANGES or writes:
            count()
    def traced(*arguments, **named):
        connection = connect(*arguments, **named)
        connection.set_trace_callback(count)
        return connection
    sqlite3.connect = traced
    sys.addaudithook(audited)
    try:
        action()
    except BaseException as error:
        print(repr(error), file=sys.stderr)
        os._exit(1)
    os._exit(0)

def state(home):
    with ledger.opened(home / "datasets" / "ledger.sqlite") as opened, opened.writing() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        # The time of the change is the only thing in which two retractions differ, and its digest holds it.
        without = {"deliveries": "number, key, accepted", "retractions": "number, delivery, undone, who, reason"}
        return {
            name: sorted(map(repr, connection.execute(f"SELECT {without.get(name, '*')} FROM {name}")))
            for name in sorted(tables)
        }

before = state(start)
whole = place / "whole"
shutil.copytree(start, whole)
retract(whole, place / "whole.json")
after, told = state(whole), json.loads((place / "whole.json").read_text())
assert before != after
step, ends = 0, []
while True:
    step += 1
    home, result = place / str(step), place / f"{step}.json"
    shutil.copytree(start, home)
    ended = dying_at(step, lambda: retract(home, result))
    found = state(home)
    assert found in (before, after), step
    ends.append(found == after)
    assert not result.exists() or json.loads(result.read_text()) == told, "a result is whole, or there is none"
    retract(home, result)
    assert state(home) == after, step
    again = json.loads(result.read_text())
    assert again["saw"] == told["saw"] and again["number"] == told["number"], step
    assert again["changed"] != ends[-1], step
    shutil.rmtree(home)
    if ended:
        break
print(json.dumps({"steps": step - 1, "ends": ends}))
"""


@pytest.mark.slow
@pytest.mark.parametrize("undo", [[], ["--undo"]], ids=["retracted", "undone"])
def test_killed_anywhere_it_did_all_or_nothing_and_the_same_command_finishes(
    settings: Settings, deliver: Callable[[str, Any], Path], disk: Path, undo: list[str]
) -> None:
    for number in (1, 2):
        deliver(f"{number}.tsv", [(f"第{number}夜第{post}篇", 0) for post in range(6)] + [("兩夜都有", number)])
        ingest(settings.source_folder, settings)
    if undo:
        command = [sys.executable, "-m", "sentiment", "retract", "2", "--reason", "why"]
        subprocess.run(command, check=True, capture_output=True)
    command = [sys.executable, "-c", STORY, str(settings.home), str(disk), *undo]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr[-3000:]
    told = json.loads(ended.stdout)
    assert told["steps"] > 40
    assert told["ends"] == sorted(told["ends"]), (
        "there is one moment before which nothing, and after which all was done"
    )
    assert told["ends"].count(True) > 1, "also after the ledger's change, before the command's own end"
