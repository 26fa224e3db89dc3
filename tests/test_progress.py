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


def test_blank_rewrites_are_dropped() -> None:
    log = io.StringIO()
    lines = LogLines(log)
    for text in ("\r", "\rone", "\r      \r", "two\n"):
        lines.write(text)
    assert log.getvalue() == "one\ntwo\n"
