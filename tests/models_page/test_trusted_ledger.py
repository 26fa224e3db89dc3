"""A history that was cut or changed is one plain sentence on the page, and nothing of what it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sentiment.models_page import ledger as module
from sentiment.models_page.ledger import read_ledger, trusted_ledger
from sentiment.serving.change import changing
from sentiment.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path, serving_urls="")
    with changing(settings, "ops") as change:
        for version in (1, 2):
            for event in ("published", "staged", "canary", "promoted"):
                change.record(event, version)
    return settings


def lines(home: Settings) -> list[bytes]:
    return home.history.read_bytes().splitlines(keepends=True)


def test_a_whole_history_is_shown_and_goes_on(home: Settings) -> None:
    assert trusted_ledger(home) == read_ledger(home.history)
    with changing(home, "ops") as change:
        change.record("rolled_back", 1)
    assert trusted_ledger(home).state.stable == 1 and trusted_ledger(home).notices == ()


def cut(home: Settings) -> None:
    home.history.write_bytes(b"".join(lines(home)[:4]))


def emptied(home: Settings) -> None:
    home.history.write_bytes(b"")


def gone(home: Settings) -> None:
    home.history.unlink()


def changed(home: Settings) -> None:
    home.history.write_bytes(home.history.read_bytes().replace(b'"ops"', b'"bob"', 1))


@pytest.mark.parametrize("damage", [cut, emptied, gone, changed])
def test_one_that_lacks_events_says_nothing_but_that(home: Settings, damage: Callable[[Settings], None]) -> None:
    assert trusted_ledger(home).state.stable == 2
    before = home.history.read_bytes()
    damage(home)
    for _ in range(2):
        found = trusted_ledger(home)
        assert (found.events, found.state.labels) == ((), {})
        [sentence] = found.notices
        assert sentence.startswith("The serving history is not whole, so nothing of it is shown: ")
        assert sentence.endswith("An operator restores it with `sentiment status --restore-history`.")
        assert str(home.home) not in sentence
    home.history.write_bytes(before)
    assert trusted_ledger(home).state.stable == 2


def test_a_torn_line_and_a_line_that_is_none_are_told_as_before(home: Settings) -> None:
    whole = home.history.read_bytes()
    home.history.write_bytes(whole + b'{"event": "publi')
    assert "torn" in trusted_ledger(home).notices[0] and trusted_ledger(home).state.stable == 2
    home.history.write_bytes(whole + b"garbage\n")
    found = trusted_ledger(home)
    assert "Line 9" in found.notices[0] and found.state.stable == 2


def test_the_same_files_are_judged_once(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted_ledger(home)
    monkeypatch.setattr(module, "fault", lambda settings: pytest.fail("judged again"))
    assert trusted_ledger(home).state.stable == 2


def test_files_that_cannot_be_read_are_a_sentence(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module, "_content", refused)
    assert trusted_ledger(home).notices == ("The serving history cannot be read: Permission denied.",)
