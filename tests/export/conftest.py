"""A toy model, trained for one epoch, and its export in every format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.results import in_json

from sentiment.data.tsv import Post
from sentiment.export import export as exporting
from sentiment.export.formats import FORMATS

export = in_json(exporting.export)

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
def trained(train_toy: Callable[[list[Post]], Path], posts: list[Post]) -> Path:
    """The folder of a trained toy model: read it, do not write to it."""
    return train_toy(posts)


@pytest.fixture(scope="session")
def result(trained: Path, posts: list[Post], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The result of an export of `trained` in every format; what it made is read only."""
    return export(trained, tmp_path_factory.mktemp("export") / "1", posts, FORMATS)


@pytest.fixture(scope="session")
def version(result: dict[str, Any]) -> Path:
    """The version folder of that export."""
    return Path(result["export"])
