from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sentiment.experiments import child

PARENT = """
import subprocess, sys, time
from sentiment.experiments import child
process = child.start("timeit", ["-n1", "-r1", "import time; time.sleep(60)"], stdout=subprocess.DEVNULL)
print(process.pid, flush=True)
time.sleep(60)
"""


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_it_ends_with_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    process = int(parent.stdout.readline())
    assert is_running(process)
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    end = time.monotonic() + 10
    while is_running(process) and time.monotonic() < end:
        time.sleep(0.05)
    assert not is_running(process)


def test_a_result_is_read_from_its_file(tmp_path: Path) -> None:
    """`status` answers without a server: a verb that is quick."""
    result = child.result_of("sentiment", ["status"], tmp_path / "status.json")
    assert result == json.loads((tmp_path / "status.json").read_text(encoding="utf-8"))


def test_a_mistake_is_the_verbs_own_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["train", "--train", str(tmp_path / "no.tsv"), "--output", str(tmp_path / "model")]
    with pytest.raises(child.Failed, match="a file of labelled posts must exist; found no file") as failed:
        child.result_of("sentiment", arguments, tmp_path / "result.json")
    assert failed.value.refused
    assert "    sentiment: a file of labelled posts must exist" in capsys.readouterr().err


def test_without_a_result_file_the_last_line_is_the_reason(tmp_path: Path) -> None:
    with pytest.raises(child.Failed, match="No module named nowhere") as failed:
        child.result_of("nowhere", [], tmp_path / "result.json")
    assert not failed.value.refused  # another try may end well


def test_an_earlier_result_is_not_taken_for_this_ones(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text('{"old": true}', encoding="utf-8")
    with pytest.raises(child.Failed):
        child.result_of("nowhere", [], tmp_path / "result.json")
    assert not (tmp_path / "result.json").exists()


def test_a_signal_is_named() -> None:
    assert child.reason(-signal.SIGKILL, []) == "killed by SIGKILL (out of memory?)"
    assert child.reason(-signal.SIGSEGV, ["noise"]) == "killed by SIGSEGV"
    assert child.reason(3, []) == "exit code 3"
    assert child.reason(1, ["first", "last", ""]) == "last"
