from __future__ import annotations

import io
import sys

import pytest

from sentiment import progress as module
from sentiment.progress import LogLines, progress


def test_in_a_log_every_report_is_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", 0.0)
    with progress(20, "train") as line:
        for _ in range(2):
            line.update(10)
    lines = log.getvalue().splitlines()
    assert lines
    assert "\r" not in log.getvalue()
    assert lines[-1].startswith("train: 20/20 rows,")
    assert lines[-1].endswith("left")


def test_short_work_says_nothing_in_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    with progress(20, "train") as line:
        line.update(20)
    assert log.getvalue() == ""


@pytest.mark.parametrize("terminal", [False, True])
def test_more_than_was_said_is_told_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], terminal: bool
) -> None:
    """As it was, a corpus whose last line has no line break could end with a stack trace, one byte above its size."""
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    with progress(1000, "read", "bytes") as line:
        line.update(1001)
        line.refresh()
    assert "1,001/1,001 bytes, " in capsys.readouterr().err


def test_blank_rewrites_are_dropped() -> None:
    log = io.StringIO()
    lines = LogLines(log)
    for text in ("\r", "\rone", "\r      \r", "two\n"):
        lines.write(text)
    assert log.getvalue() == "one\ntwo\n"


def test_a_line_whose_work_was_given_up_does_not_move_the_next_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", 0.0)
    given_up = progress(10, "first")
    with progress(10, "second") as line:
        line.update(10)
    lines = capsys.readouterr().err.splitlines()
    assert [text for text in lines if not text.startswith(("first: 0/10 rows", "second: "))] == []
    assert lines[-1].startswith("second: 10/10 rows")
    given_up.close()
