"""The flat pass of a classifier says what its Keras model says, and learns what that learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sentiment.model import vocabulary

PIECES = [*vocabulary.SPECIAL, *"好吃難爛很超棒真普通請問在哪裡幾點"]
BERT = {
    "model_type": "bert",
    "vocab_size": len(PIECES),
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "hidden_dropout_prob": 0.2,
    "attention_probs_dropout_prob": 0.2,
    "pooling": "cls",
}
KINDS = [("custom", BERT), ("origin", BERT), ("custom", {**BERT, "pooling": "mean", "hidden_act": "relu"})]
IDS = np.array([[2, 5, 6, 3, 7, 3], [2, 9, 3, 0, 0, 0], [2, 8, 10, 3, 0, 0]], np.int32)
INPUTS = {
    "input_ids": IDS,
    "input_mask": (IDS > 0).astype(np.int32),
    "segment_ids": np.array([[0, 0, 0, 0, 1, 1], [0] * 6, [0] * 6], np.int32),
}


def build(kind: str, architecture: dict[str, Any], temperature: float = 1.0) -> Any:
    from sentiment.model import classifier
    from sentiment.tensorflow_setup import keras

    keras.utils.set_random_seed(7)
    return classifier.build(kind, architecture, labels=3, dropout=0.3, temperature=temperature)


@pytest.mark.parametrize(("kind", "architecture"), KINDS)
def test_it_answers_as_the_keras_model_does_with_and_without_dropout(kind: str, architecture: dict[str, Any]) -> None:
    from sentiment.model.forward import Flat, forward_of
    from sentiment.training.randomness import generators_of, reseed

    model = build(kind, architecture, temperature=2.0)
    flat = forward_of(model)
    assert isinstance(flat, Flat)
    for training in (False, True):
        answers = []
        for ask in (model, flat):
            reseed(generators_of(model), 3, 1)
            answers.append(ask(INPUTS, training=training).numpy())
        np.testing.assert_allclose(answers[1], answers[0], atol=1e-6)


@pytest.mark.parametrize(("kind", "architecture"), KINDS)
def test_without_empty_places_it_answers_the_same_whoever_stands_beside(
    kind: str, architecture: dict[str, Any]
) -> None:
    from sentiment.model.flat import Packed
    from sentiment.model.forward import forward_of

    model = build(kind, architecture)
    plain, packed = forward_of(model), forward_of(model, Packed)
    assert packed.packs and not plain.packs
    rows = {name: np.concatenate([values, values, values[:1] * 0]) for name, values in INPUTS.items()}
    rows["input_mask"][3, 2] = rows["input_mask"][4, 0] = 0  # a hole, and a first piece that nobody hears
    found = packed(rows, training=False).numpy()
    np.testing.assert_allclose(found[:5], plain(rows, training=False).numpy()[:5], atol=1e-6)
    for row in range(7):
        alone = packed({name: values[row : row + 1] for name, values in rows.items()}, training=False).numpy()
        np.testing.assert_allclose(
            found[row : row + 1], alone, atol=1e-6, err_msg=f"row {row}, the last without pieces"
        )


@pytest.mark.parametrize(("kind", "architecture"), KINDS)
@pytest.mark.parametrize(
    ("training", "compiled"), [(False, False), (True, False), pytest.param(True, True, marks=pytest.mark.slow)]
)
def test_its_gradients_are_those_of_the_keras_model(
    kind: str, architecture: dict[str, Any], training: bool, compiled: bool
) -> None:
    from sentiment.model.flat import Compiled, Plain
    from sentiment.model.forward import forward_of
    from sentiment.tensorflow_setup import keras, tf
    from sentiment.training.randomness import generators_of, reseed

    model = build(kind, architecture)
    found = []
    for ask in (model, forward_of(model, Compiled if compiled else Plain)):
        reseed(generators_of(model), 3, 1)
        with tf.GradientTape() as tape:
            answers = ask(INPUTS, training=training)
            loss = tf.reduce_sum(keras.losses.sparse_categorical_crossentropy([0, 2, 1], answers))
        found.append(tape.gradient(loss, model.trainable_variables))
    for wanted, gradient in zip(*found, strict=True):
        assert (wanted is None) == (gradient is None)
        if wanted is not None:
            one, other = (tf.convert_to_tensor(each).numpy() for each in (gradient, wanted))
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("training", "parts"), [(False, 1), (True, 2)])
def test_layers_are_compiled_once_for_all_and_a_training_asks_each_half_of_the_rows(training: bool, parts: int) -> None:
    from sentiment.model.flat import Compiled
    from sentiment.model.forward import forward_of
    from sentiment.model.scoring import INPUTS as SIGNATURE
    from sentiment.tensorflow_setup import tf

    counts = []
    for layers in (1, 6):
        ask = forward_of(build("custom", {**BERT, "num_hidden_layers": layers}), Compiled)
        asked = tf.function(ask, autograph=False).get_concrete_function(SIGNATURE, training=training)
        graph = asked.graph.as_graph_def()
        compiled = {each.signature.name for each in graph.library.function if each.attr["_XlaMustCompile"].b}
        calls = [node for node in graph.node if node.attr["f"].func.name in compiled]
        counts.append((len(compiled), len(calls)))
    assert counts == [(1, parts), (1, 6 * parts)]


@pytest.mark.parametrize(
    "architecture", [{**BERT, "model_type": "albert", "embedding_size": 4}, {**BERT, "type_vocab_size": 3}]
)
def test_another_architecture_is_computed_by_keras(architecture: dict[str, Any]) -> None:
    from sentiment.model.forward import AsKeras, forward_of

    model = build("custom", architecture)
    ask = forward_of(model)
    assert isinstance(ask, AsKeras) and ask.settings is None
    np.testing.assert_array_equal(ask(INPUTS, training=False), model(INPUTS, training=False))
