"""What a training starts from, and what is refused before TensorFlow is loaded for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.training.hyperparameters import choose
from sentiment.training.start import require_possible, starting_point
from sentiment.training.training_files import Files, settings_for

TOY = "scratch/toy"


def test_going_on_keeps_the_weights_and_takes_the_dropout_asked_for(toy_model: Path, toy_files: Files) -> None:
    from sentiment.model.folder import open_model

    files = replace(toy_files, warm_start=toy_model)
    start = starting_point(files, settings_for(files, None, None, dropout_rate=0.7), Labels(), [])
    before = open_model(toy_model)
    assert all((a.numpy() == b.numpy()).all() for a, b in zip(start.keras.weights, before.keras.weights, strict=True))
    rates = [layer.rate for layer in start.keras.layers if hasattr(layer, "rate")]
    assert (rates, start.card.dropout) == ([0.7], 0.7)
    assert start.card.architecture == before.card.architecture
    assert start.encoder is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model_type": "bert"}, "the model type must be one of"),
        ({"model_type": "tf-hub"}, "must be a local SavedModel folder"),
        ({"model_name": "scratch/huge"}, "from-scratch encoder must be one of"),
        ({"model_name": "someone/else"}, "must be a local folder"),
    ],
)
def test_what_cannot_be_is_refused(toy_files: Files, options: dict[str, Any], message: str) -> None:
    settings = choose(**{"model_type": "custom", "model_name": TOY, **options})
    with pytest.raises(InputError, match=message):
        require_possible(toy_files, settings, Labels())


def test_a_model_with_other_labels_is_not_gone_on_from(toy_model: Path, toy_files: Files) -> None:
    files = replace(toy_files, warm_start=toy_model)
    with pytest.raises(InputError, match=r"must have the labels 好、壞; found 正面、負面、中立"):
        require_possible(files, settings_for(files, None, None), Labels(("好", "壞"), ("good", "bad")))


def test_the_same_seed_starts_alike(toy_files: Files, posts: list[object]) -> None:
    first, second, other = (
        starting_point(toy_files, choose("custom", TOY, seed=seed), Labels(), posts).keras.get_weights()  # type: ignore[arg-type]
        for seed in (1, 1, 2)
    )
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))
