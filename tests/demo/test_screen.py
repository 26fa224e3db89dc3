"""What the demo prints stays readable, and its addresses whole, on a terminal of 80 and of 100 columns."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from sentiment.demo import demo, scoring
from sentiment.demo.acts import Demo
from sentiment.demo.material import SAMPLE, Material
from sentiment.demo.screen import Screen
from sentiment.demo.stack import Stack
from sentiment.mail.approval import awaits
from sentiment.results.scoring import ScoresCompared
from sentiment.settings import Settings
from sentiment.text.columns import cells, wrapped

LONG = (
    "Worse than version 2: accuracy on the frozen set fell by 15.8 percentage points (0.820 → 0.662), the limit is 6.0."
)


@pytest.fixture(params=[80, 100])
def columns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((request.param, 24)))
    return int(request.param)


@pytest.fixture
def screen() -> Screen:
    made = Screen()
    made._live = True
    return made


@pytest.fixture
def waiting(screen: Screen, tmp_path: Path) -> Demo:
    """A demo whose processes do not run."""
    api = SimpleNamespace(address="http://localhost:8080")
    settings = Settings(home=tmp_path / "home")
    stack = SimpleNamespace(
        api=api, settings=settings, password="p" * 16, folder=tmp_path, home=settings.home, stop=lambda: None
    )
    return Demo(cast(Stack, stack), Material.of(SAMPLE, Settings()), screen)


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.replace("\r\033[K", "").splitlines()


def test_a_wide_line_goes_on_below_under_its_own_beginning(
    screen: Screen, columns: int, capsys: pytest.CaptureFixture[str]
) -> None:
    screen.line(f"    │ {LONG}")
    screen.claim(True, LONG)
    lines = printed(capsys)
    assert max(map(cells, lines)) <= columns
    assert [line[:6] for line in lines[:2]] == ["    │ ", "    │ "]
    claim = next(index for index, line in enumerate(lines) if line.startswith("  ✔ "))
    assert lines[claim + 1].startswith("    ") and " ".join(" ".join(lines[claim:]).split()) == f"✔ {LONG}"


def test_a_log_has_every_line_whole(columns: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert not sys.stdout.isatty()
    Screen().line(f"  {LONG}")
    assert capsys.readouterr().out == f"  {LONG}\n"


def test_the_invitation_says_until_when_and_its_addresses_are_whole(
    waiting: Demo, columns: int, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting._invite(datetime(2026, 11, 26, 23, 25, tzinfo=UTC))
    lines = printed(capsys)
    assert max(map(cells, lines)) <= columns
    assert {"    http://localhost:8080/required_actions", "    http://localhost:8080/sentiment/models/"} <= set(lines)
    assert "until 28 Nov 07:25 (Taipei)" in " ".join(" ".join(lines).split())
    assert "Ctrl-C" in lines[-1]


def test_the_page_of_changes_comes_with_who_may_sign_in(
    waiting: Demo, columns: int, capsys: pytest.CaptureFixture[str]
) -> None:
    found = ScoresCompared(
        at="2026-11-28T02:00:00+00:00", before=1, after=2, labels=["a", "b"], posts=200, flipped=5, only_before=0,
        only_after=0, directions=[], sources=[], more_sources=0, months=[], examples=[],
    )  # fmt: skip
    folder = waiting.stack.settings.scores_folder
    folder.mkdir(parents=True)
    (folder / "changed-1-2.json").write_bytes(msgspec.json.encode(found))
    scoring._say_what_changed(waiting, 1, 2)
    lines = printed(capsys)
    place = lines.index("    http://localhost:8080/sentiment/models/versions/2/scores")
    assert lines[place + 1] == f"    user admin, password {'p' * 16}"


def test_ctrl_c_says_what_stays_and_how_to_go_on(
    waiting: Demo, columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "show", interrupted)
    assert demo.run(waiting, stays=False) == 130
    lines = printed(capsys)
    said = " ".join(lines)
    assert "Stopped before the end." in said and "are stopped" in said and "`make demo` begins anew" in said
    assert f"    {waiting.stack.folder}" in lines
    assert any(line.startswith(f"    SENTIMENT_HOME={waiting.stack.home} ") for line in lines)


def test_the_end_leads_to_the_models_page(
    waiting: Demo, columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting.stack.processes = cast(Any, SimpleNamespace(check=lambda: sys.exit(0)))
    with pytest.raises(SystemExit):
        demo.look_around(waiting)
    lines = printed(capsys)
    assert max(map(cells, lines)) <= columns
    assert "    http://localhost:8080/sentiment/models/" in lines and any("Ctrl-C" in line for line in lines)


def test_what_waits_is_said_as_in_the_mail() -> None:
    until = datetime(2026, 11, 27, 23, 25, tzinfo=UTC)
    assert awaits(2, until) == "Version 2 is the canary and awaits your approval until 28 Nov 07:25 (Taipei)."


def test_words_are_never_cut_and_chinese_counts_double() -> None:
    assert wrapped("一二三 四五六 abc", 10, "- ", "  ") == ["- 一二三", "  四五六", "  abc"]
    assert wrapped("see http://localhost:8080/a/long/address now", 12) == [
        "see",
        "http://localhost:8080/a/long/address",
        "now",
    ]
    assert wrapped("", 10, "- ") == ["- "]
