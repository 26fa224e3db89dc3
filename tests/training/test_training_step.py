"""One step, on a model small enough to say what it must do: a lookup, a mean and a softmax."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sentiment.model.batches import Encoded
from sentiment.model.soft import cross_entropy, soft_rows
from sentiment.training.class_weights import row_weights
from sentiment.training.training_step import adam, evenly, soft_evenly, training_step

LABELS = np.array([0, 2, 1, 1], np.int32)
IDS = np.array([[1, 2, 2], [3, 1, 0], [4, 4, 4], [2, 3, 0]], np.int32)
INPUTS = {"input_ids": IDS, "input_mask": (IDS > 0).astype(np.int32), "segment_ids": np.zeros_like(IDS)}


def make_model(seed: int = 1) -> Any:
    from sentiment.tensorflow_setup import keras, tf

    keras.utils.set_random_seed(seed)
    inputs = {name: keras.layers.Input(shape=(None,), dtype=tf.int32, name=name) for name in INPUTS}
    vectors = keras.layers.Embedding(5, 4)(inputs["input_ids"])
    probabilities = keras.layers.Dense(3, activation="softmax")(tf.reduce_mean(vectors, axis=1))
    return keras.Model(inputs=inputs, outputs=probabilities)


def gradients_of(model: Any, weights: NDArray[Any]) -> list[NDArray[Any]]:
    """The gradients of the weighted loss, each as one full array."""
    from sentiment.tensorflow_setup import keras, tf

    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(weights * keras.losses.sparse_categorical_crossentropy(LABELS, model(INPUTS)))
    return [tf.convert_to_tensor(gradient).numpy() for gradient in tape.gradient(loss, model.trainable_variables)]


def slots_after_a_step(clip_norm: float, class_weights: Any = None) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    """Adam's first moments after one step (a tenth of the gradients that it was given), and the true gradients."""
    model, optimizer = make_model(), adam()
    true = gradients_of(model, row_weights(LABELS, class_weights))
    training_step(model, optimizer, clip_norm, class_weights)(INPUTS, LABELS)
    return [optimizer.get_slot(weight, "m").numpy() * 10 for weight in model.trainable_variables], true


def norm(arrays: list[NDArray[Any]]) -> float:
    return float(np.sqrt(sum((array**2).sum() for array in arrays)))


def test_the_loss_is_the_weighted_mean_that_keras_has() -> None:
    from sentiment.tensorflow_setup import keras

    weights = np.array([0.5, 2.0, 1.0], np.float32)
    model = make_model()
    wanted = keras.losses.SparseCategoricalCrossentropy()(LABELS, model(INPUTS), sample_weight=weights[LABELS])
    right = int((model(INPUTS).numpy().argmax(axis=1) == LABELS).sum())
    loss, hits = training_step(model, adam(), 1.0, weights)(INPUTS, LABELS)
    assert float(loss) == pytest.approx(float(wanted), rel=1e-6)
    assert int(hits) == right


@pytest.mark.parametrize("class_weights", [None, np.array([0.5, 2.0, 1.0], np.float32)])
def test_gradients_are_clipped_together_by_their_true_length(class_weights: Any) -> None:
    """A piece that is looked up in several places has one gradient, the sum: its parts are not what is measured."""
    whole, true = slots_after_a_step(0.0, class_weights)
    clipped, _ = slots_after_a_step(norm(true) / 4, class_weights)
    untouched, _ = slots_after_a_step(norm(true) * 1.01, class_weights)
    for got, gradient, quarter, same in zip(whole, true, clipped, untouched, strict=True):
        np.testing.assert_allclose(got, gradient, atol=1e-6)
        np.testing.assert_allclose(quarter, gradient / 4, atol=1e-6)
        np.testing.assert_allclose(same, gradient, atol=1e-6)


def test_the_loss_falls_and_shapes_are_not_traced_again() -> None:
    model = make_model()
    optimizer = adam()
    optimizer.learning_rate = 0.05
    take = training_step(model, optimizer, 1.0)
    losses = [float(take(INPUTS, LABELS)[0]) for _ in range(30)]
    longer = {name: np.pad(rows, ((0, 0), (0, 5))) for name, rows in INPUTS.items()}
    take({name: rows[:2] for name, rows in longer.items()}, LABELS[:2])
    assert losses[-1] < losses[0] / 1.5
    assert int(optimizer.iterations) == 31


def test_float16_scales_the_loss_and_clips_what_was_scaled_back() -> None:
    model, optimizer = make_model(), adam(scales_loss=True)
    true = gradients_of(model, row_weights(LABELS, None))
    training_step(model, optimizer, norm(true) / 4)(INPUTS, LABELS)
    for weight, gradient in zip(model.trainable_variables, true, strict=True):
        slot = optimizer.inner_optimizer.get_slot(weight, "m").numpy()
        np.testing.assert_allclose(slot * 10, gradient / 4, atol=1e-6)


def test_float16_leaves_a_step_out_when_the_scaled_loss_overflows() -> None:
    model, optimizer = make_model(), adam(scales_loss=True)
    before = model.get_weights()
    take = training_step(model, optimizer, 1.0, np.full(3, 1e37, np.float32))
    take(INPUTS, LABELS)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert float(optimizer.loss_scale) == 2**14


def test_weights_that_the_loss_does_not_depend_on_stay() -> None:
    from sentiment.tensorflow_setup import keras

    model = make_model()
    unused = keras.layers.Dense(2)
    both = keras.Model(inputs=model.inputs, outputs=model.outputs[0])
    both.unused = unused
    unused.build((None, 3))
    training_step(both, adam(), 1.0)(INPUTS, LABELS)
    assert len(both.trainable_variables) == len(model.trainable_variables) + 2


@pytest.mark.parametrize(("rows", "devices", "filled"), [(4, 1, 4), (4, 2, 4), (3, 2, 4), (1, 4, 4), (4, 3, 6)])
def test_rows_without_weight_fill_a_batch_up(rows: int, devices: int, filled: int) -> None:
    weights = np.full(rows, 1 / rows, np.float32)
    cut = {name: values[:rows] for name, values in INPUTS.items()}
    inputs, labels, shares = evenly(cut, LABELS[:rows], weights, devices)
    assert {len(part) for part in (*inputs.values(), labels, shares)} == {filled}
    np.testing.assert_array_equal(inputs["input_ids"][:rows], IDS[:rows])
    assert shares.sum() == pytest.approx(1)
    assert (labels[rows:] == -1).all()
    assert (shares[rows:] == 0).all()
    assert inputs["input_mask"].any(axis=1).all()


def test_a_student_of_people_alone_takes_the_step_that_labels_give() -> None:
    plain, student = make_model(), make_model()
    wanted = training_step(plain, adam(), 1.0)(INPUTS, LABELS)
    people = soft_rows(LABELS, 1.0, np.zeros((0, 3)), 2.0)
    found = training_step(student, adam(), 1.0, soft=True)(INPUTS, LABELS, people)
    assert float(found[0]) == pytest.approx(float(wanted[0]), rel=1e-6) and int(found[1]) == int(wanted[1])
    for one, other in zip(plain.get_weights(), student.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_loss_of_a_student_is_the_one_that_it_is_judged_by() -> None:
    teacher, student = (make_model(seed)(INPUTS).numpy() for seed in (7, 1))
    soft = soft_rows(LABELS[:1], 3.0, teacher[1:], 2.5)
    loss, _ = training_step(make_model(1), adam(), 1.0, soft=True)(INPUTS, LABELS, soft)
    assert float(loss) == pytest.approx(cross_entropy(soft, student), rel=1e-5)


def test_a_student_comes_to_answer_like_its_teacher() -> None:
    teacher, student, optimizer = make_model(7)(INPUTS).numpy(), make_model(1), adam()
    optimizer.learning_rate = 0.05
    soft = soft_rows(np.zeros(0, int), 1.0, teacher, 2.0)
    take = training_step(student, optimizer, 1.0, soft=True)
    for _ in range(200):
        take(INPUTS, teacher.argmax(axis=1).astype(np.int32), soft)
    np.testing.assert_allclose(student(INPUTS), teacher, atol=0.02)


def test_soft_rows_without_weight_fill_a_batch_up_too() -> None:
    targets, temperatures = soft_evenly(soft_rows(LABELS[:3], 1.0, np.zeros((0, 3)), 2.0), 2)
    assert targets.shape == (4, 3) and not targets[3].any() and temperatures.tolist() == [1, 1, 1, 1]


@pytest.fixture(scope="module")
def bert_inputs() -> dict[str, NDArray[np.int32]]:
    ids = np.random.default_rng(2).integers(5, 21, (4, 8)).astype(np.int32)
    return {"input_ids": ids, "input_mask": np.ones_like(ids), "segment_ids": np.zeros_like(ids)}


def small_bert(pieces: int = 21) -> Any:
    from sentiment.model import classifier
    from sentiment.tensorflow_setup import keras

    keras.utils.set_random_seed(3)
    sizes = {"vocab_size": pieces, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    none = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "intermediate_size": 16}
    architecture = {"model_type": "bert", "pooling": "mean", **sizes, **none}
    return classifier.build("custom", architecture, labels=3, dropout=0.0)


@pytest.mark.slow
def test_a_compiled_step_changes_the_weights_as_any_other_does(bert_inputs: dict[str, NDArray[np.int32]]) -> None:
    found = []
    for compiled in ((), {(4, 8)}):
        model = small_bert()
        take = training_step(model, adam(), 1.0, compiled=compiled)
        results = [take(bert_inputs, LABELS) for _ in range(3)]
        found.append(([float(loss) for loss, _ in results], [int(hits) for _, hits in results], model.get_weights()))
    (losses, hits, weights), (compiled_losses, compiled_hits, compiled_weights) = found
    assert compiled_losses == pytest.approx(losses, rel=1e-4) and compiled_hits == hits
    for one, other in zip(weights, compiled_weights, strict=True):
        np.testing.assert_allclose(one, other, atol=3e-4)


@pytest.mark.slow
@pytest.mark.parametrize("compiled", [(), {(4, 8)}])
def test_a_step_that_knows_the_pieces_changes_the_weights_as_any_other_does(
    compiled: Any, bert_inputs: dict[str, NDArray[np.int32]]
) -> None:
    pieces = np.unique(bert_inputs["input_ids"])
    fewer = {**bert_inputs, "input_ids": np.full_like(bert_inputs["input_ids"], pieces[-1])}
    found = []
    for known in (None, pieces):
        model, optimizer = small_bert(60), adam()
        before = model.get_weights()[0]
        take = training_step(model, optimizer, 0.01, compiled=compiled, pieces=known)
        for inputs in (bert_inputs, fewer, fewer, bert_inputs):  # what a row got before moves it when it gets nothing
            take(inputs, LABELS)
        found.append([*model.get_weights(), *optimizer.get_weights()])
        others = np.setdiff1d(np.arange(60), pieces)
        assert (model.get_weights()[0][others] == before[others]).all()
        assert (model.get_weights()[0][pieces] != before[pieces]).any(axis=1).all()
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)


def test_rows_are_told_apart_only_where_that_pays() -> None:
    from sentiment.tensorflow_setup import tf
    from sentiment.training.table import Rows, pieces_of

    encoded = Encoded([np.array([7, 3], np.int32), np.array([3], np.int32)], [], np.zeros(2, np.int32))
    assert pieces_of(encoded, [9]).tolist() == [0, 3, 7, 9]
    table = tf.Variable(tf.zeros((8, 2)))
    assert Rows.that_pay(table, np.arange(4, dtype=np.int32)) and not Rows.that_pay(table, np.arange(5, dtype=np.int32))
    assert Rows.that_pay(None, np.arange(2, dtype=np.int32)) is None and Rows.that_pay(table, None) is None
