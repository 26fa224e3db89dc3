from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sentiment.errors import InputError
from sentiment.model.checkpoint import CARD
from sentiment.training.hyperparameters import as_json, choose


def test_defaults_depend_on_the_encoder() -> None:
    pretrained = choose("custom", "bert-base-chinese")
    assert (pretrained.learning_rate, pretrained.num_epochs) == (2e-5, 3)
    assert choose("custom", "scratch/tiny").learning_rate > 10 * pretrained.learning_rate


def test_an_encoder_of_pretrain_takes_a_higher_rate_than_a_large_one(tmp_path: Path) -> None:
    (tmp_path / CARD).write_text("{}", encoding="utf-8")
    ours = choose("custom", str(tmp_path))
    assert (ours.learning_rate, ours.num_epochs, ours.masked_share) == (2e-4, 4, 0)
    assert choose("custom", f"{tmp_path}@sha256:{'0' * 64}").learning_rate == ours.learning_rate


def test_what_is_given_wins_and_none_means_the_default() -> None:
    settings = choose("custom", "scratch/tiny", learning_rate=0.5, num_epochs=None, batch_size=None, seed=0)
    assert (settings.learning_rate, settings.batch_size, settings.seed) == (0.5, 32, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("num_epochs", 0),
        ("batch_size", 0),
        ("max_seq_length", 3),
        ("max_seq_length", 513),
        ("dropout_rate", 1.0),
        ("validation_share", 0.9),
        ("seed", -1),
        ("early_stopping", -1),
        ("warm_up_share", 1.1),
        ("warm_up_share", float("nan")),
        ("clip_norm", -1.0),
        ("clip_norm", float("nan")),
        ("clip_norm", float("inf")),
        ("masked_share", 0.95),
    ],
)
def test_a_senseless_value_is_refused_by_its_option_name(name: str, value: Any) -> None:
    with pytest.raises(InputError, match=f"--{name.replace('_', '-')} must be between"):
        choose("custom", "scratch/tiny", **{name: value})


@pytest.mark.parametrize("name", ["class_weights", "decay", "precision"])
def test_an_unknown_word_is_refused_with_the_known_ones(name: str) -> None:
    word: dict[str, Any] = {name: "much"}
    with pytest.raises(InputError, match=f"--{name.replace('_', '-')} must be one of .*; found 'much'"):
        choose("custom", "scratch/tiny", **word)


def test_early_stopping_needs_rows_to_measure_on() -> None:
    with pytest.raises(InputError, match="--early-stopping must have held-out rows"):
        choose("custom", "scratch/tiny", early_stopping=2, validation_share=0.0)


def test_nothing_of_what_does_not_decide_the_outcome_is_a_hyperparameter() -> None:
    names = set(as_json(choose("custom", "scratch/tiny")))
    assert {"early_stopping", "class_weights", "decay", "precision", "clip_norm", "warm_up_share"} <= names
    assert not names & {"devices", "tensorboard"}
