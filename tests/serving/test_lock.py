from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sentiment.serving.lock import held, holder_of, told

HOLD = """
import sys, time
from pathlib import Path
from sentiment.serving.lock import held
sys.argv = ["sentiment", "promote"]
with held(Path({path!r}), "小王"):
    print("held", flush=True)
    time.sleep({seconds})
"""


def holder(path: Path, seconds: float) -> subprocess.Popen[str]:
    """Starts a process that holds the lock, and returns when it does."""
    code = HOLD.format(path=str(path), seconds=seconds)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_whoever_waits_is_told_for_whom_and_since_when(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with holder(tmp_path / "lock", 0.5) as process:
        assert holder_of(tmp_path / "lock").startswith("小王 (`sentiment promote`, process ")
        began = time.monotonic()
        with held(tmp_path / "lock", "me"):
            waited = time.monotonic() - began
    said = capsys.readouterr().err
    assert f"waiting for 小王 (`sentiment promote`, process {process.pid} on " in said
    assert ", since " in said
    assert waited > 0.2


def test_a_dead_holder_holds_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with holder(tmp_path / "lock", 60) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with held(tmp_path / "lock", "me"):
            assert json.loads((tmp_path / "lock").read_text())["process"] == os.getpid()
    assert capsys.readouterr().err == ""


def test_nobody_holds_a_lock_that_is_free(tmp_path: Path) -> None:
    assert holder_of(tmp_path / "lock") == ""
    with held(tmp_path / "lock", "me"):
        pass
    assert ((tmp_path / "lock").read_text(), holder_of(tmp_path / "lock")) == ("", "")


def test_a_change_that_fails_lets_go(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="half way"), held(tmp_path / "lock", "me"):
        raise RuntimeError("half way")
    assert holder_of(tmp_path / "lock") == ""


@pytest.mark.parametrize("text", ["", "{", "[]", '{"who": "me"}', '{"who": 1, "verb": "", "process": 1, "since": 5}'])
def test_a_holder_that_is_being_written_is_not_named(text: str) -> None:
    assert told(text) == "another change to what is served"
