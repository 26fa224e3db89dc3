from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.results import in_json

from sentiment.data.posts import read_posts
from sentiment.labels import Labels
from sentiment.model.folder import open_model
from sentiment.training import train as training
from sentiment.training.hyperparameters import choose
from sentiment.training.precision import Capability, building_in, choose_precision
from sentiment.training.training_files import Files

train = in_json(training.train)


@pytest.mark.parametrize(
    ("asked", "capabilities", "policy", "why"),
    [
        ("auto", [], "float32", "on a CPU"),
        ("auto", [(6, 1)], "float32", "6.1 gains nothing"),
        ("auto", [(7, 0)], "mixed_float16", "7.0 multiplies float16 faster; the loss is scaled"),
        ("auto", [(7, 5)], "mixed_float16", "7.5"),
        ("auto", [(8, 0)], "mixed_bfloat16", "8.0 multiplies bfloat16 faster"),
        ("auto", [(12, 0)], "mixed_bfloat16", "12.0"),
        ("auto", [(9, 0), (7, 5)], "mixed_float16", "7.5"),
        ("float32", [(9, 0)], "float32", "as asked"),
        ("mixed_bfloat16", [], "mixed_bfloat16", "as asked"),
    ],
)
def test_sixteen_bits_are_used_where_the_hardware_gains(
    asked: str, capabilities: list[Capability], policy: str, why: str
) -> None:
    chosen = choose_precision(asked, capabilities)
    assert chosen.policy == policy
    assert why in chosen.why
    assert chosen.scales_loss == (policy == "mixed_float16")


def test_what_is_built_afterwards_is_as_before() -> None:
    from sentiment.tensorflow_setup import keras

    with pytest.raises(ZeroDivisionError), building_in("mixed_bfloat16"):
        inside = keras.layers.Dense(1)
        raise ZeroDivisionError
    assert (inside.compute_dtype, inside.variable_dtype) == ("bfloat16", "float32")
    assert keras.layers.Dense(1).compute_dtype == "float32"


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_a_toy_model_learns_in_sixteen_bits(
    toy_files: Files, tmp_path: Path, precision: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from sentiment.model.batches import encode
    from sentiment.model.metrics import measure
    from sentiment.model.scoring import Scorer

    files = replace(toy_files, output=tmp_path / "model")
    settings = choose(
        "custom", "scratch/toy", num_epochs=8, learning_rate=0.01, batch_size=8, max_seq_length=16, precision=precision
    )
    result = train(files, settings, Labels())
    assert result["precision"] == precision
    assert f"train: on CPU:0, in {precision}: as asked" in capsys.readouterr().err
    assert result["loss"][-1] < result["loss"][0] / 1.5
    opened = open_model(files.output)
    assert {weight.dtype.name for weight in opened.keras.weights} == {"float32"}
    assert {layer.compute_dtype for layer in opened.keras.layers} == {"int32", "float32"}
    # Opened again it computes in float32, and means the same.
    assert files.test
    test = read_posts(files.test, Labels())
    again = Scorer(opened.keras, 16).probabilities(encode(opened.tokenizer, test))
    assert measure([post.label for post in test], again).loss == pytest.approx(result["test"]["loss"], rel=0.05)
