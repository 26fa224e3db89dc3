"""How each model type is built: its inputs, its outputs, its dropout, its precision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from sentiment.errors import InputError
from sentiment.model import encoder, vocabulary
from sentiment.model.model_type import DEFAULT_ENCODERS
from sentiment.options.training import MODEL_TYPES

PIECES = [*vocabulary.SPECIAL, *"好吃難爛很超棒真普通請問在哪裡幾點"]
BERT = {
    "model_type": "bert",
    "vocab_size": len(PIECES),
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "pooling": "cls",
}
ARCHITECTURES = {
    "bert": BERT,
    "albert": {**BERT, "model_type": "albert", "embedding_size": 4},
    "scratch": encoder.scratch("scratch/tiny", PIECES).architecture,
}


def build(kind: str, architecture: dict[str, Any], dropout: float = 0.5) -> Any:
    from sentiment.model import classifier

    return classifier.build(kind, architecture, labels=3, dropout=dropout)


def ask(model: Any, *, training: bool = False, mask: list[int] | None = None) -> Any:
    from sentiment.tensorflow_setup import tf

    ids = tf.constant([[2, 5, 6, 7, 3, 0], [2, 9, 3, 0, 0, 0]])
    seen = tf.cast(ids != 0, tf.int32) if mask is None else tf.constant([mask, mask])
    return model({"input_ids": ids, "input_mask": seen, "segment_ids": tf.zeros_like(ids)}, training=training)


@pytest.mark.parametrize("kind", ["custom", "origin"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_three_named_inputs_give_float32_probabilities(kind: str, name: str) -> None:
    model = build(kind, ARCHITECTURES[name])
    assert {tensor.name: tensor.dtype.name for tensor in model.inputs} == dict.fromkeys(
        ("input_ids", "input_mask", "segment_ids"), "int32"
    )
    answer = ask(model)
    assert (answer.shape, answer.dtype.name, model.layers[-1].name) == ((2, 3), "float32", "probabilities")
    np.testing.assert_allclose(answer.numpy().sum(axis=1), 1, atol=1e-6)
    assert np.abs(ask(model, mask=[1, 1, 0, 0, 0, 0]).numpy() - answer.numpy()).max() > 0


@pytest.mark.parametrize("kind", ["custom", "origin"])
@pytest.mark.parametrize("name", ["bert", "albert"])
def test_the_dropout_asked_for_is_the_only_one(kind: str, name: str) -> None:
    """The encoder's own dropout is 0 here, so answers in training differ if and only if the head drops something."""
    none, half = (build(kind, ARCHITECTURES[name], dropout) for dropout in (0.0, 0.5))
    np.testing.assert_allclose(ask(none, training=True).numpy(), ask(none).numpy(), atol=1e-6)
    assert max(np.abs(ask(half, training=True).numpy() - ask(half).numpy()).max() for _ in range(3)) > 1e-6


@pytest.fixture
def mixed_precision() -> Iterator[None]:
    from sentiment.tensorflow_setup import keras

    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    yield
    keras.mixed_precision.set_global_policy("float32")


@pytest.mark.parametrize("kind", ["custom", "origin"])
def test_probabilities_are_float32_under_every_precision(kind: str, mixed_precision: None) -> None:
    model = build(kind, BERT)
    answer = ask(model)
    assert answer.dtype.name == "float32"
    np.testing.assert_allclose(answer.numpy().sum(axis=1), 1, atol=1e-5)  # bfloat16 would be off by 1e-3
    assert all(weight.dtype.name == "float32" for weight in model.weights)


def test_an_origin_model_is_transformers_own() -> None:
    from sentiment.tensorflow_setup import tf  # noqa: F401 - sets Keras 2 before transformers looks
    from transformers import TFAlbertForSequenceClassification, TFBertForSequenceClassification  # isort: skip

    for name, expected in (("bert", TFBertForSequenceClassification), ("albert", TFAlbertForSequenceClassification)):
        assert any(isinstance(layer, expected) for layer in build("origin", ARCHITECTURES[name]).layers)


def test_a_type_without_its_encoder_or_unknown_is_refused() -> None:
    with pytest.raises(InputError, match="must have the SavedModel of its encoder"):
        build("tf-hub", {"model_type": "tf-hub"})
    with pytest.raises(InputError, match="one of custom, origin, tf-hub; found 'bert'"):
        build("bert", BERT)


def test_every_type_has_a_builder_and_a_usual_encoder() -> None:
    from sentiment.model import classifier

    assert set(classifier.BUILDERS) == set(MODEL_TYPES) == set(DEFAULT_ENCODERS)
