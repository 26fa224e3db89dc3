"""Where the text alone says nothing, the title decides: for a model that was trained with titles, and for no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.threads import threads

from sentiment.data.tsv import Post, write_posts
from sentiment.labels import Labels
from sentiment.model import encoder
from sentiment.results.training import Training
from sentiment.training.hyperparameters import choose
from sentiment.training.train import train
from sentiment.training.training_files import Files

OPTIONS = choose(
    "custom",
    "scratch/small",
    num_epochs=6,
    learning_rate=3e-3,
    batch_size=16,
    max_seq_length=32,
    validation_share=0.0,
)


def trained(folder: Path, learned: list[Post], asked: list[Post]) -> Training:
    folder.mkdir()
    write_posts(folder / "train.tsv", learned)
    write_posts(folder / "test.tsv", asked)
    return train(Files(folder / "train.tsv", folder / "test.tsv", folder / "model"), OPTIONS, Labels())


@pytest.mark.slow
def test_replies_of_unseen_threads_are_understood_with_their_titles_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(encoder.SCRATCH, "scratch/small", (1, 32, 2))
    learned, asked = threads()
    assert {post.title for post in asked}.isdisjoint(post.title for post in learned)
    with_titles = trained(tmp_path / "with", learned, asked).test
    without = trained(tmp_path / "without", [post._replace(title="") for post in learned], asked).test
    assert with_titles and with_titles.accuracy > 0.9
    assert without and without.accuracy < 0.5  # each reply is there as often with each label
