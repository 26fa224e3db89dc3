"""Three dozen posts, and a toy model (one layer of width 16) of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sentiment import cli
from sentiment.bench import bench
from sentiment.data.tsv import Post, write_posts
from sentiment.labels import Labels
from sentiment.model import encoder
from sentiment.training.hyperparameters import choose
from sentiment.training.train import train
from sentiment.training.training_files import Files

POSTS = [
    Post(f"{word}{tail}", label)
    for label, words in enumerate((("好吃", "很棒", "超讚"), ("難吃", "很爛", "超差"), ("普通", "請問", "幾點")))
    for word in words
    for tail in ("", "！", "的店", "喔喔")
]


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train.tsv (36 rows) and test.tsv (12 rows)."""
    folder = tmp_path_factory.mktemp("data")
    write_posts(folder / "train.tsv", POSTS)
    write_posts(folder / "test.tsv", POSTS[::3])
    return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    """The folder of a trained toy model: read it, do not write to it."""
    output = tmp_path_factory.mktemp("trained") / "model"
    settings = choose("custom", "scratch/toy", num_epochs=1, max_seq_length=16, validation_share=0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(encoder.SCRATCH, "scratch/toy", (1, 16, 2))
        train(Files(data / "train.tsv", None, output), settings, Labels())
    return output


@pytest.fixture(scope="session")
def run() -> Callable[..., int]:
    """Runs `sentiment bench ARGUMENTS` in this process and returns its exit code."""
    return lambda *arguments: cli.run([str(argument) for argument in arguments], bench.command, "sentiment bench")
