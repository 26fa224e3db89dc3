"""The toy model as the teacher, and a small corpus of posts that it has not seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.toy_model import toy_encoder_everywhere  # noqa: F401

GOOD, BAD, PLAIN = ("好吃", "很棒", "超讚", "好看"), ("難吃", "很爛", "超差", "難看"), ("普通", "請問", "幾點", "一般")
TAILS = ("的店", "喔", "啊", "呢", "吧", "了", "真的", "！", "？", "。。", "嗎", "耶")
POSTS = [f"{word}{tail}" for words in (GOOD, BAD, PLAIN) for word in words for tail in TAILS]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join([*POSTS, POSTS[0], "", "好吃"]), encoding="utf-8")
    return path
