"""What `backup` and `restore` tell people in Traditional Chinese."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.english_left import english_left

from sentiment.backup.backup import NOT_SET, backup
from sentiment.cli import run
from sentiment.language import recorded, speaking
from sentiment.settings import Settings


def chinese(sentence: str) -> str:
    with speaking("zh-TW"):
        return recorded(sentence)


def test_a_backup_and_a_restore_are_told_in_chinese(
    home: Settings, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = (backup(home, place, 1, False, "ops") for _ in range(2))
    assert english_left(chinese(first.sentence), str(place)) == []
    assert "；已移除 1 份較舊的備份。" in chinese(second.sentence)
    monkeypatch.setenv("SENTIMENT_HOME", str(home.home))
    monkeypatch.setenv("SENTIMENT_LANGUAGE", "zh-TW")
    capsys.readouterr()
    assert run(["restore", str(second.folder)]) == 0
    assert capsys.readouterr().err == "沒有檔案毀損或遺失：未還原任何東西。\n"
    home.posts_database.write_bytes(b"")
    home.history.write_bytes(b"")
    shutil.rmtree(home.base_data)
    assert run(["restore", str(second.folder)]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["sentence"].isascii()
    said = told.err.splitlines()
    assert "已從 " in said[-1] and "帳本是 " in said[-1] and "原本的檔案保留在 " in said[-1]
    assert any(line.startswith("已還原 ") and line.endswith("原本的問題：沒有檔案") for line in said)
    assert english_left(said[-1], str(home.home), str(place)) == []


def test_that_no_backup_is_set_is_told_in_chinese() -> None:
    assert chinese(NOT_SET) == "沒有備份：SENTIMENT_BACKUP_FOLDER 沒有指定資料夾。"
