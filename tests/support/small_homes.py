"""A small home with everything in it that a backup must hold."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sentiment import atomic
from sentiment.data.identity import identity
from sentiment.data.ledger import opened
from sentiment.data.ledger_batch import Accepted, Counts
from sentiment.data.tsv import Post, write_posts
from sentiment.serving import version_folder
from sentiment.serving.change import changing
from sentiment.settings import Settings


def deliver(settings: Settings, number: int) -> None:
    with opened(settings.posts_database) as ledger, ledger.writing():
        texts = [f"第{number}夜的第{item}篇" + "好" * 100 for item in range(60)]
        ledger.put([Accepted(identity(text), Post(text, 0), number, rolling=False) for text in texts])
        ledger.record(number, f"{number}.tsv", f"hash {number}", Counts(accepted=60))


def release(settings: Settings, version: int, model: Path | None = None) -> None:
    """Publishes and promotes a version of a trained model, or with a few files in its place."""
    folder = settings.versions / str(version)
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(bytes([version]) * 100)
    (folder / "variables" / "variables.index").write_bytes(b"index")
    trained = settings.trained / str(version)
    if model:
        shutil.copytree(model, trained)
    else:
        trained.mkdir(parents=True)
        (trained / "weights.h5").write_bytes(b"weights" * version)
        atomic.write_json(trained / "model.json", {"version": version})
    known = {"digest": version_folder.digest_of(folder), "size": version_folder.size_of(folder)}
    with changing(settings, "ops") as change:
        change.record("published", version, data={"watermark": version}, **known)
        for event in ("staged", "canary", "promoted"):
            change.record(event, version)


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """Two deliveries; versions 1 and 2, of which 2 is stable; base data, a run's result and its record, flags."""
    settings = Settings(home=tmp_path / "home", serving_urls="")
    write_posts(settings.base_data / "test.tsv", [Post(f"凍結{number}", 0) for number in range(9)])
    for number in (1, 2):
        deliver(settings, number)
        release(settings, number)
    atomic.write_json(settings.runs / "night-1" / "gate.json", {"passed": True})
    atomic.write_json(settings.records / "1" / "gate.json", {"passed": True})
    (settings.runs / "night-1" / "train.tsv").write_text("text\tlabel\n", encoding="utf-8")
    (settings.serving / "flags").write_text("--port=8500\n", encoding="utf-8")
    return settings


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder for backups."""
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups"
