"""A reader in a process of its own that got hold of, or fell asleep: whoever waits for it waits for a time."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import pytest

from sentiment.data.formats import child as children
from sentiment.data.formats.allowance import Allowance, OutOfTime
from sentiment.data.formats.child import Child, Written

BEGIN = "import os, time; say = lambda some: os.write(1, some);"
ENDS_BY_ITSELF = 10  # seconds: a test of a reader that waits for ever ends, too


def lines_of(monkeypatch: pytest.MonkeyPatch, script: str, allowed: Allowance) -> list[Written]:
    """Returns what a child says that runs `script` in the reader's place."""
    command = [sys.executable, "-c", BEGIN + script]
    monkeypatch.setattr(children, "python_module", lambda *_: command)
    with tempfile.TemporaryFile() as file:
        return list(Child("any", "Parquet").lines(file, allowed))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    found: list[subprocess.Popen[bytes]] = []
    start: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen

    def noted(*args: object, **options: object) -> subprocess.Popen[bytes]:
        found.append(start(*args, **options))
        return found[-1]

    monkeypatch.setattr(subprocess, "Popen", noted)
    return found


@pytest.mark.parametrize(
    "script",
    [
        f"time.sleep({ENDS_BY_ITSELF})",
        f"say(b'[1]\\n'); time.sleep({ENDS_BY_ITSELF})",
        f"[(say(b'1'), time.sleep(0.05)) for _ in range({20 * ENDS_BY_ITSELF})]",
        f"os.close(1); time.sleep({ENDS_BY_ITSELF})",
        f"say(b'[1]\\n'); os.close(1); time.sleep({ENDS_BY_ITSELF})",
    ],
)
def test_a_reader_that_does_not_end_is_ended(
    monkeypatch: pytest.MonkeyPatch, started: list[subprocess.Popen[bytes]], script: str
) -> None:
    with pytest.raises(OutOfTime, match="it takes far longer to read than a file of its size should"):
        lines_of(monkeypatch, script, Allowance(400, time.monotonic() + 0.5))
    assert [process.returncode for process in started] == [-9]


def test_a_reader_may_pause_as_long_as_there_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    script = "say(b'[1]\\n[2'); time.sleep(0.1); say(b']\\n' + b'x' * 100_000 + b'\\n');"
    script += "os.close(1); time.sleep(0.1); os._exit(0)"
    expected = [b"[1]\n", b"[2]\n", b"x" * 100_000 + b"\n"]
    for allowed in (Allowance(1 << 20), Allowance.from_now(1 << 20)):
        assert [written.line for written in lines_of(monkeypatch, script, allowed)] == expected
