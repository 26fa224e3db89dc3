"""An export with 8-bit products: what it computes, how it is tried, and where it is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.results import in_json

from sentiment import cli
from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.export import export as exporting
from sentiment.export.parity import ParityError
from sentiment.export.rounded import Rounded, judged
from sentiment.model.arithmetic import multiplies_int8, processors

pytestmark = pytest.mark.slow  # together they take half a minute

export = in_json(exporting.export)
# Without such instructions, oneDNN may lose the highest bits of a sum.
native = pytest.mark.skipif(not multiplies_int8(processors()), reason="the processor does not multiply int8 natively")


@pytest.fixture(scope="module")
def made(trained: Path, posts: list[Post], tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("int8") / "1"
    return export(trained, folder, posts, rounded=Rounded(posts, 0.5))


@native
def test_a_layer_computes_what_whole_numbers_say() -> None:
    from sentiment.export.int8 import EightBit
    from sentiment.tensorflow_setup import tf

    draw = np.random.default_rng(3)
    kernel = draw.normal(0, 0.3, (24, 5)).astype(np.float32)
    bias = draw.normal(0, 1, 5).astype(np.float32)
    state = draw.uniform(-0.4, 2.5, (7, 24)).astype(np.float32)
    layer = EightBit.of(kernel, bias, (-0.4, 2.0))
    ask = tf.function(layer, input_signature=[tf.TensorSpec((None, 24), tf.float32)], autograph=False)
    numbers = np.clip(np.round((state + np.float32(0.4)) / layer.step), 0, 255).astype(np.int64)
    sums = numbers @ layer.weights.astype(np.int64)
    wanted = sums * float(layer.step) * float(layer.scale) + layer.bias
    np.testing.assert_allclose(ask(state), wanted, rtol=1e-5, atol=1e-5)
    inside = np.minimum(state, 2.0)
    assert np.abs(ask(state) - (inside @ kernel + bias)).max() < 0.1
    np.testing.assert_allclose(ask(state[:1]), ask(state)[:1], rtol=1e-6)


def test_layers_of_zeros_are_no_division_by_zero() -> None:
    from sentiment.export.int8 import EightBit

    layer = EightBit.of(np.zeros((3, 2), np.float32), np.ones(2, np.float32), (0.0, 0.0))
    assert not layer.weights.any() and layer.bias.tolist() == [1, 1] and layer.step == layer.scale == 1


@native
def test_the_export_answers_nearly_as_the_model_does(made: dict[str, Any]) -> None:
    found = made["formats"]["savedmodel"]
    assert found["parity"]["agreement"] >= 0.98 and 0 < found["parity"]["largest_difference"] < 0.05
    assert found["changed"]["rows"] == 90 and found["changed"]["changed"] <= 2
    assert found["changed"]["lower_bound"] > -0.5


@native
def test_it_is_served_like_any_other(made: dict[str, Any], trained: Path) -> None:
    from sentiment.export.formats import batches_itself
    from sentiment.model.folder import open_model
    from sentiment.model.operations import INT8
    from sentiment.validation import operations
    from sentiment.validation.examination import tolerance_of

    version = Path(made["export"])
    used = operations.operations_of(version)
    models = operations.models_of(trained, used)
    assert INT8 in used and operations.unknown(used) == [] and operations.dangers(version, used, models) == []
    assert tolerance_of(used).difference is None and tolerance_of(used - {INT8}).difference is not None
    assert batches_itself(version)
    data = version / "variables" / "variables.data-00000-of-00001"
    weights = open_model(trained).keras.get_layer("probabilities").get_weights()
    assert sum(4 * one.size for one in weights) < data.stat().st_size < made["weights_bytes"]


@native
def test_a_session_computes_it_as_the_real_server_has_one(made: dict[str, Any], posts: list[Post]) -> None:
    from sentiment.tensorflow_setup import tf

    texts = [post.text for post in posts[:8]]
    signature = tf.saved_model.load(made["export"]).signatures["text"]
    loaded = signature(text=tf.constant(texts))["probabilities"].numpy()
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], made["export"]).signature_def["text"]
        fed = {graph.inputs["text"].name: texts}
        found = session.run(graph.outputs["probabilities"].name, fed)
        alone = session.run(graph.outputs["probabilities"].name, {graph.inputs["text"].name: texts[:1]})
    np.testing.assert_allclose(found, loaded, atol=1e-6)
    np.testing.assert_allclose(alone, found[:1], atol=1e-5)


def test_rows_are_counted_by_who_is_right_and_tested_as_the_gate_does() -> None:
    true = np.array([0, 0, 1, 1, 2])
    found = judged(true, np.array([0, 0, 1, 0, 0]), np.array([0, 1, 1, 1, 1]), 0.01)
    assert (found.rows, found.changed, found.only_exported, found.only_trained) == (5, 3, 1, 1)
    assert found.lower_bound < 0
    many = np.zeros(5000, int)
    assert judged(many, many, many, 0.01).lower_bound > -0.01


@native
def test_too_few_posts_prove_nothing_and_nothing_is_made(trained: Path, posts: list[Post], tmp_path: Path) -> None:
    with pytest.raises(ParityError, match=r"the gate's margin, 1\.0%; found up to .*of 90 labelled posts"):
        export(trained, tmp_path / "1", posts, rounded=Rounded(posts, 0.01))
    assert not (tmp_path / "1").exists()


def test_without_labelled_posts_it_is_one_line(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["export", "--model", str(trained), "--output", str(tmp_path / "1"), "--int8"]
    assert cli.run(given) == 2
    assert "--int8 must be tried on labelled posts" in capsys.readouterr().err
    assert not (tmp_path / "1").exists()


def test_a_model_that_is_computed_as_keras_does_it_is_one_line(trained: Path, posts: list[Post]) -> None:
    from sentiment.export.int8 import ranges_of
    from sentiment.model import classifier
    from sentiment.model.batches import encode
    from sentiment.model.folder import open_model

    opened = open_model(trained)
    albert = {**opened.card.architecture, "model_type": "albert", "embedding_size": 4, "pooling": "cls"}
    opened = replace(opened, keras=classifier.build("custom", albert, labels=3, dropout=0.1))
    with pytest.raises(InputError, match="must be a BERT in float32"):
        ranges_of(opened, encode(opened.tokenizer, posts))


@pytest.mark.slow
def test_without_onednn_it_is_one_line(trained: Path, tmp_path: Path) -> None:
    rows = tmp_path / "test.tsv"
    rows.write_text("label\ttext\n0\t好吃\n1\t難吃\n", encoding="utf-8")
    given = ["--model", str(trained), "--output", str(tmp_path / "1"), "--data", str(rows), "--int8"]
    found = subprocess.run(
        [sys.executable, "-m", "sentiment", "export", *given],
        env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 2 and "8-bit products must be computed by oneDNN" in found.stderr
    assert not (tmp_path / "1").exists()


def test_a_factor_that_is_moved_over_a_product_changes_none_of_its_whole_numbers() -> None:
    from sentiment.export.int8 import EightBit

    draw = np.random.default_rng(5)
    kernel, bias = draw.normal(0, 0.3, (6, 4)).astype(np.float32), draw.normal(0, 1, 4).astype(np.float32)
    layer = EightBit.of(kernel, bias, (-0.2, 1.5))
    state = draw.uniform(-0.2, 1.5, (9, 6)).astype(np.float32)

    def computed(of: EightBit, state: Any) -> Any:
        numbers = np.clip(np.round((state - of.low) / of.step), 0, 255)
        return numbers @ of.weights.astype(np.float64) * of.step * of.scale + of.bias

    wanted = computed(layer, state)
    assert (layer.giving(0.5).weights == layer.weights).all() and (layer.taking(4.0).weights == layer.weights).all()
    np.testing.assert_allclose(computed(layer.giving(0.5), state), wanted / 2, rtol=1e-6)
    np.testing.assert_allclose(computed(layer.taking(4.0), state * 4), wanted, rtol=1e-6)


@native
@pytest.mark.parametrize("activation", ["gelu", "relu"])
def test_layers_in_8_bits_compute_the_activation_of_the_bert(activation: str) -> None:
    from transformers import BertConfig, TFBertModel

    from sentiment.export.int8 import Seen, layers_of
    from sentiment.model.flat import Packed, Plain, encoded
    from sentiment.tensorflow_setup import tf

    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    bert = TFBertModel(BertConfig(vocab_size=50, hidden_act=activation, initializer_range=0.3, **size)).bert
    ids = tf.constant(np.random.default_rng(2).integers(5, 50, (6, 11)), tf.int32)
    there, seen = tf.ones_like(ids), Seen()
    bert.build()
    wanted = encoded(bert, ids, there, layers=Plain(bert, seen)).numpy()
    layers = layers_of(bert, seen.ranges, Packed)
    ask = tf.function(lambda: encoded(bert, ids, there, layers=layers), autograph=False)
    off = np.abs(ask().numpy() - wanted)
    assert 0 < off.max() < 0.2 and off.mean() < 0.03  # the numbers themselves have a variance of 1
