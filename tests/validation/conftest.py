"""A toy model, its export, and exports of it that went wrong, each in its own way."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sentiment.data.tsv import Post
from sentiment.export.export import export
from sentiment.model.folder import open_model
from sentiment.serving.flags import flags_file, read_flags
from sentiment.settings import Settings
from sentiment.validation.throwaway import ThrowawayServer, throwaway_server

WORDS = [("好吃", 0), ("很棒推薦", 0), ("難吃", 1), ("雷", 1), ("普通", 2), ("請問幾點開", 2)]


@pytest.fixture(scope="session")
def posts() -> list[Post]:
    """Ninety posts of 1 to 60 characters, a fifth of them with a title."""
    return [
        Post(word + "的店！" * tail, label, title="店" if tail % 5 == 0 else "")
        for word, label in WORDS
        for tail in range(15)
    ]


@pytest.fixture(scope="session")
def model(train_toy: Callable[[list[Post]], Path], posts: list[Post]) -> Path:
    """The folder of a trained toy model: read it, do not write to it."""
    return train_toy(posts)


@pytest.fixture(scope="session")
def exported(model: Path, posts: list[Post], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The version folder of its export: read it, do not write to it."""
    folder = tmp_path_factory.mktemp("exported") / "export"
    export(model, folder, posts)
    return folder


@pytest.fixture
def copy(exported: Path, tmp_path: Path) -> Path:
    """An export of one's own."""
    return Path(shutil.copytree(exported, tmp_path / "export"))


@pytest.fixture
def saved_after(model: Path, tmp_path: Path) -> Callable[..., Path]:
    """A function that exports the model after `change` was done to what is saved; `keep`: only these signatures.

    It answers each request alone: that is saved and loaded in half the time.
    """

    def save(change: Callable[[Any], None] = lambda _: None, keep: tuple[str, ...] = ()) -> Path:
        from sentiment.export.graph import ServedModel
        from sentiment.tensorflow_setup import tf

        served = ServedModel(open_model(model), batching=False)
        change(served)
        signatures = {name: made for name, made in served.signatures().items() if not keep or name in keep}
        tf.saved_model.save(served, str(tmp_path / "changed"), signatures=signatures)
        return tmp_path / "changed"

    return save


@pytest.fixture(scope="session")
def flags() -> list[str]:
    """Production's, as they come with the package."""
    return read_flags(flags_file(Settings(home=Path("/nowhere"))))


@pytest.fixture(scope="session")
def server(exported: Path, flags: list[str]) -> Iterator[ThrowawayServer]:
    """A throw-away server with the export as version 1; a test adds versions of its own."""
    with throwaway_server({1: exported}, flags, {"stable": 1}) as running:
        yield running
