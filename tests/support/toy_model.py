"""A toy model (one layer of width 16), trained once for all tests that ask for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sentiment.data.tsv import Post, write_posts
from sentiment.labels import Labels
from sentiment.results.record import as_json

POSTS = [
    *(
        Post(text, 0)
        for text in ("好吃", "很好", "超棒", "真的好吃", "好棒", "很棒 很好", "讚讚", "好看又好吃", "真棒", "好讚")
    ),
    *(
        Post(text, 1)
        for text in ("難吃", "很爛", "超爛", "真的難吃", "好爛", "很爛 很差", "差差", "難看又難吃", "真爛", "爛透")
    ),
    *(
        Post(text, 2)
        for text in ("普通", "還行", "一般", "請問在哪", "幾點開", "有人去過嗎", "在哪裡", "幾點", "請問", "有嗎")
    ),
]
TOY = "scratch/toy"


@pytest.fixture(scope="session")
def toy_encoder() -> Iterator[None]:
    """The encoder `scratch/toy`: one layer of width 16."""
    from sentiment.model import encoder

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(encoder.SCRATCH, TOY, (1, 16, 2))
        yield


@pytest.fixture(scope="session", autouse=True)
def toy_encoder_everywhere(toy_encoder: None) -> None:
    """For folders whose tests all may ask for `scratch/toy`."""


@pytest.fixture(scope="session")
def posts() -> list[Post]:
    return POSTS


@pytest.fixture(scope="session")
def toy_files(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Thirty short posts, and where a model of them may go (`training_files.Files`)."""
    from sentiment.training.training_files import Files

    folder = tmp_path_factory.mktemp("toy")
    write_posts(folder / "train.tsv", POSTS)
    write_posts(folder / "test.tsv", POSTS[::3])
    return Files(folder / "train.tsv", folder / "test.tsv", folder / "model")


@pytest.fixture(scope="session")
def toy_result(toy_files: Any, toy_encoder: None) -> dict[str, Any]:
    from sentiment.training.hyperparameters import choose
    from sentiment.training.train import train

    settings = choose("custom", TOY, num_epochs=12, learning_rate=0.01, batch_size=8, max_seq_length=16)
    result: dict[str, Any] = as_json(train(toy_files, settings, Labels()))
    return result


@pytest.fixture
def toy_model(toy_result: dict[str, Any]) -> Path:
    """The folder of the trained toy model: read it, do not write to it."""
    return Path(toy_result["model"])
