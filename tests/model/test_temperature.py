"""One number makes a model as sure as it is right, and no label another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from sentiment.model.temperature import FEWEST_OF_EACH, FEWEST_ROWS, fit, rescaled
from sentiment.results.model_card import COLDEST, HOTTEST

Array = NDArray[np.float64]
# Logits in which labels are often as good as equal, or apart by the last digit of a float32.
CLOSE = np.array([0, 1e-8, 6e-8, 1.2e-7, 1e-6, 2e-6, 1, 1.0000001, 1.0000002, 17, 17.000002, 90, -90], np.float32)
NEAR = st.sampled_from(CLOSE.tolist())
ANY = st.floats(-100, 100, width=32, allow_subnormal=False)
LOGITS = arrays.arrays(np.float32, st.tuples(st.integers(1, 4), st.just(3)), elements=NEAR | ANY)
TEMPERATURES = st.floats(COLDEST, HOTTEST)


def softmax(logits: Array) -> Array:
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def drawn(temperature: float, rows: int, seed: int = 1) -> tuple[Array, NDArray[np.int64]]:
    """Returns probabilities [rows, 3] of a model that would be right as often as it says at that temperature."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(0, 3, (rows, 3))
    chances = softmax(logits / temperature).cumsum(axis=1)
    return softmax(logits), (draw.random((rows, 1)) > chances).sum(axis=1)


def loss(probabilities: Array, true: NDArray[np.int64]) -> float:
    return float(-np.log(probabilities[np.arange(len(true)), true]).mean())


@given(LOGITS, TEMPERATURES)
def test_a_temperature_changes_no_label_and_keeps_the_sum(logits: NDArray[np.float32], temperature: float) -> None:
    plain = softmax(logits.astype(np.float64)).astype(np.float32)
    found = rescaled(plain, temperature)
    assert (found.argmax(axis=1) == plain.argmax(axis=1)).all()
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


@given(LOGITS, TEMPERATURES)
def test_the_model_s_last_layer_does_the_same_and_changes_no_label(
    logits: NDArray[np.float32], temperature: float
) -> None:
    from sentiment.model.classifier import softmax_at
    from sentiment.tensorflow_setup import tf

    plain = tf.nn.softmax(logits).numpy()
    layer = softmax_at(temperature)
    assert callable(layer) or temperature == 1
    found = layer(tf.constant(logits)).numpy() if callable(layer) else plain
    assert (found.argmax(axis=1) == plain.argmax(axis=1)).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    kept = np.ptp(logits, axis=1) < 80  # beyond, a float32 has lost how unlikely the least label was
    np.testing.assert_allclose(found[kept], rescaled(plain, temperature)[kept], atol=2e-6)


def test_at_1_the_answers_stay_as_they_are_to_the_last_digit() -> None:
    from sentiment.model.classifier import softmax_at

    plain = drawn(1, 50)[0].astype(np.float32)
    np.testing.assert_array_equal(rescaled(plain, 1.0), plain)
    assert softmax_at(1.0) == "softmax"


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_is_found_again(temperature: float) -> None:
    probabilities, true = drawn(temperature, 4000)
    found = fit(probabilities, true)
    assert found.temperature == pytest.approx(temperature, rel=0.06)
    assert (found.rows, found.why) == (4000, "")
    np.testing.assert_allclose(rescaled(rescaled(probabilities, 2.5), 1 / 2.5), probabilities, atol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_no_other_temperature_gives_the_rows_a_lower_loss(seed: int) -> None:
    probabilities, true = drawn(2.0, 150, seed)
    best = loss(softmax(np.log(probabilities) / fit(probabilities, true).temperature), true)
    others = [loss(softmax(np.log(probabilities) / other), true) for other in np.geomspace(COLDEST, HOTTEST, 200)]
    assert best <= min(others) + 1e-6


def test_a_temperature_has_bounds() -> None:
    probabilities, true = drawn(1, 300)
    assert fit(probabilities, (true + 1) % 3).temperature == HOTTEST  # nearly always wrong
    barely = np.where(np.eye(3)[np.r_[[0] * 280, [1] * 20]] == 1, 0.3334, 0.3333)  # 0.01 % surer, and right 280 times
    assert fit(barely, np.zeros(300, int)).temperature == COLDEST


def test_with_few_rows_or_no_mistakes_the_temperature_stays_1_and_says_why() -> None:
    probabilities, true = drawn(3.0, FEWEST_ROWS)
    assert fit(probabilities, true).temperature > 2
    few = fit(probabilities[1:], true[1:])
    assert (few.temperature, few.why) == (
        1.0,
        "only 49 posts that the model never learned were held out, and 50 are needed",
    )
    assert fit(probabilities[1:], true[1:], before=1.7).temperature == 1.7
    perfect = fit(probabilities, probabilities.argmax(axis=1))
    assert (perfect.temperature, perfect.wrong) == (1.0, 0)
    assert perfect.why == f"only 0 of 50 held-out posts had a wrong answer, and {FEWEST_OF_EACH} are needed"
    hopeless = fit(probabilities, probabilities.argmin(axis=1))
    assert hopeless.why == "only 0 of 50 held-out posts had a right answer, and 10 are needed"
    assert fit(np.zeros((0, 3)), []).why == "no posts that the model never learned were held out, and 50 are needed"


@pytest.mark.parametrize("found", ["0", "-1", "0.09", "11", "NaN", '"2"', "null"])
def test_a_model_folder_s_temperature_must_be_one(found: str, tmp_path: Path, toy_model: Path) -> None:
    from sentiment.errors import InputError
    from sentiment.model.folder import read_card

    text = (toy_model / "model.json").read_text(encoding="utf-8")
    assert '"temperature": 1.0' in text
    (tmp_path / "model.json").write_text(text.replace('"temperature": 1.0', f'"temperature": {found}'), "utf-8")
    with pytest.raises(InputError, match=r"temperature must be") as refusal:
        read_card(tmp_path)
    assert "\n" not in str(refusal.value)


def test_a_model_folder_of_an_earlier_version_has_the_temperature_1(tmp_path: Path, toy_model: Path) -> None:
    from sentiment.model.folder import read_card

    text = (toy_model / "model.json").read_text(encoding="utf-8")
    (tmp_path / "model.json").write_text(text.replace(',\n  "temperature": 1.0', ""), "utf-8")
    assert "temperature" not in (tmp_path / "model.json").read_text("utf-8")
    assert read_card(tmp_path).temperature == 1.0


@pytest.mark.parametrize("kind", ["custom", "origin"])
def test_every_type_of_model_answers_at_its_temperature(kind: str) -> None:
    from sentiment.model import classifier
    from sentiment.tensorflow_setup import keras, tf

    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    architecture = {"model_type": "bert", "vocab_size": 30, **small}
    plain, hot = (
        (keras.utils.set_random_seed(1), classifier.build(kind, architecture, labels=3, dropout=0.1, temperature=it))[1]
        for it in (1.0, 4.0)
    )
    draw = np.random.default_rng(1)
    hot.set_weights([draw.normal(0, 0.5, weight.shape) for weight in plain.get_weights()])
    plain.set_weights(hot.get_weights())
    ids = tf.constant([[2, 5, 6, 3], [2, 9, 3, 0]])
    inputs = {"input_ids": ids, "input_mask": tf.cast(ids > 0, tf.int32), "segment_ids": tf.zeros_like(ids)}
    found, wanted = (model(inputs, training=False).numpy() for model in (hot, plain))
    assert np.abs(found - wanted).max() > 0.01
    np.testing.assert_allclose(found, rescaled(wanted, 4.0), atol=1e-6)
