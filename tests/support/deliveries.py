"""A home of its own for every test, and the posts that its files hold."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from sentiment.data.identity import identity, is_rolling
from sentiment.data.ledger import opened
from sentiment.data.tsv import Post, write_posts
from sentiment.settings import Settings, read_settings

Rows = Iterable[tuple[str, int]]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings whose home is new, with an inbox and small base data."""
    for variable in [name for name in os.environ if name.startswith("SENTIMENT_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SENTIMENT_SETTLE_SECONDS", "0")
    made = read_settings()
    Path(made.source_folder).mkdir(parents=True)
    write_base(made)
    return made


def write_base(settings: Settings) -> None:
    """Writes base data: 90 training posts, 9 frozen and 6 rolling ones."""
    write_posts(settings.base_data / "train.tsv", base_posts("推:這是第{}篇舊文章,內容長到可以拿來混合訓練", 90))
    write_posts(settings.base_data / "test.tsv", base_posts("噓:凍結測試集的第{}篇", 9))
    write_posts(settings.base_data / "latest_test.tsv", base_posts("回:滾動測試集的第{}篇", 6))


def base_posts(pattern: str, number: int) -> list[Post]:
    return [Post(pattern.format(index), index % 3) for index in range(number)]


@pytest.fixture
def deliver(settings: Settings) -> Callable[[str, Any], Path]:
    """Puts a file into the inbox: bytes, text, or rows of text and label."""

    def put(name: str, content: bytes | str | Rows) -> Path:
        path = Path(settings.source_folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_bytes(content.encode())
        else:
            path.write_text("text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in content), "utf-8")
        return path

    return put


@pytest.fixture
def sides(settings: Settings) -> Callable[..., list[str]]:
    """Returns texts that this home sends to the rolling test set, or texts that it does not."""

    def texts_of_side(rolling: bool, number: int, share: float = 0.2, word: str = "新文章") -> list[str]:
        with opened(settings.posts_database) as ledger:
            salt = ledger.salt()
        found = (f"{word}{index}" for index in range(1_000_000))
        chosen = (text for text in found if is_rolling(identity(text), share, salt) == rolling)
        return [next(chosen) for _ in range(number)]

    return texts_of_side
