"""What the command refuses before it starts anything; the whole of it runs in `make demo CHECK=1`."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentiment.cli import run
from sentiment.demo.demo import hold, verdict
from sentiment.demo.screen import Screen
from sentiment.demo.stack import fresh_folder


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    assert run(["demo", "--check", "--folder", str(tmp_path)]) == 2
    assert "must be empty or an earlier demo's" in capsys.readouterr().err
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_an_earlier_demos_folder_is_made_anew(tmp_path: Path) -> None:
    fresh_folder(tmp_path / "demo")
    (tmp_path / "demo" / "home").mkdir()
    fresh_folder(tmp_path / "demo")
    assert [path.name for path in (tmp_path / "demo").iterdir()] == [".demo"]


def test_a_second_demo_in_the_same_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with hold(tmp_path / "demo"):
        assert run(["demo", "--check", "--folder", str(tmp_path / "demo")]) == 2
    assert "only one demo may run at a time" in capsys.readouterr().err


def test_a_claim_that_does_not_hold_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    screen.claim(True, "the first")
    screen.claim(False, "the second")
    assert verdict(screen) == 1
    assert "1 of 2 claims hold." in capsys.readouterr().out
