"""`sentiment status` says how old the last backup is, and that none is set."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sentiment.backup.backup import backup
from sentiment.serving.history import read_state
from sentiment.settings import Settings
from sentiment.status import backups
from sentiment.status.status import describe
from sentiment.status.table import lines_of


def last_line(settings: Settings) -> str:
    return lines_of(describe(read_state(settings), settings))[-1]


@pytest.fixture
def backed_up(home: Settings, place: Path) -> Settings:
    return replace(home, backup_folder=str(place))


def test_without_a_folder_no_backup_is_set(home: Settings) -> None:
    assert last_line(home) == "no backup is set: SENTIMENT_BACKUP_FOLDER names no folder"


def test_the_age_of_the_last_backup_is_shown(backed_up: Settings, place: Path) -> None:
    assert last_line(backed_up) == f"there is no backup of this home in {place}; `sentiment backup` makes one"
    name = Path(backup(backed_up, place, 7, False, "ops").folder or "").name
    assert re.fullmatch(rf"last backup: \d s ago, {name}", last_line(backed_up))


def test_a_backup_older_than_two_days_is_told(
    backed_up: Settings,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = Path(backup(backed_up, place, 7, False, "ops").folder or "").name
    now = datetime.now(UTC)
    assert backups.described(backed_up, now + timedelta(days=1, hours=23))["is_old"] is False
    assert backups.described(backed_up, now + timedelta(days=2, hours=1))["is_old"] is True
    monkeypatch.setattr(backups, "OLD", timedelta(seconds=-1))
    told = last_line(backed_up)
    assert re.fullmatch(rf"the last backup is \d s old: {name}; `sentiment backup` makes a new one", told)


def test_the_backup_of_another_home_is_none_of_this_one(
    backed_up: Settings,
    place: Path,
    tmp_path: Path,
) -> None:
    backup(Settings(home=tmp_path / "other", serving_urls=""), place, 7, False, "ops")
    assert last_line(backed_up).startswith("there is no backup of this home")


def test_a_folder_that_is_not_there_is_told(backed_up: Settings, place: Path) -> None:
    place.rmdir()
    assert last_line(backed_up) == f"no backup can be found: No such file or directory: {place}"
