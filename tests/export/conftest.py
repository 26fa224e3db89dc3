"""A toy model, trained for one epoch, and its export in every format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sentiment.data.tsv import Post, write_posts
from sentiment.export.export import export
from sentiment.export.formats import FORMATS
from sentiment.labels import Labels
from sentiment.model import encoder
from sentiment.model.hyperparameters import choose
from sentiment.model.train import train
from sentiment.model.training_files import Files

TEXTS = [
    text + tail
    for text in ("好吃", "難吃", "普通", "真的", "推:顏色好美", "噓:爛")
    for tail in ("", "！", "😂", " ok", "…" * 9)
]


@pytest.fixture(scope="session")
def posts() -> list[Post]:
    """Ninety posts, a third of them with a title."""
    return [
        Post(text, row % 3, title="店" * row if tail else "") for row, text in enumerate(TEXTS) for tail in range(3)
    ]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, posts: list[Post]) -> Path:
    """The folder of a trained toy model: read it, do not write to it."""
    folder = tmp_path_factory.mktemp("trained")
    write_posts(folder / "train.tsv", posts)
    settings = choose("custom", "scratch/toy", num_epochs=1, max_seq_length=32, validation_share=0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(encoder.SCRATCH, "scratch/toy", (1, 16, 2))
        train(Files(folder / "train.tsv", None, folder / "model"), settings, Labels())
    return folder / "model"


@pytest.fixture(scope="session")
def result(trained: Path, posts: list[Post], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The result of an export of `trained` in every format; what it made is read only."""
    return export(trained, tmp_path_factory.mktemp("export") / "1", posts, FORMATS)


@pytest.fixture(scope="session")
def version(result: dict[str, Any]) -> Path:
    """The version folder of that export."""
    return Path(result["export"])
