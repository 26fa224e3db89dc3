"""Every format of weights gives PyTorch's own numbers; weights that are not all there are refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sentiment.errors import InputError
from sentiment.model import encoder

RECORDED = [
    *("bert-safetensors", "bert-bin", "bert-bin-legacy", "bert-bin-old-names", "bert-half", "bert-bfloat16"),
    *("bert-classifier", "albert-safetensors", "albert-masked-lm-bin"),
]
MADE = ["bert-h5", "albert-h5", "bert-tf-safetensors"]
TOLERANCE = 1e-5


def load(folder: Path, table: str = "TF_MODEL_MAPPING_NAMES", **changes: Any) -> Any:
    """The TF model of transformers with a checkpoint's weights, as the classifier is built on it."""
    from sentiment.model import classifier

    source = encoder.pretrained(str(folder), None)
    return classifier._transformer(classifier._classes(table), {**source.architecture, **changes}, source.pretrained)


def ask(model: Any, expected: dict[str, NDArray[Any]]) -> Any:
    from sentiment.tensorflow_setup import tf

    keys = ("input_ids", "attention_mask", "token_type_ids")
    return model(**{key: tf.constant(expected[key], tf.int32) for key in keys}, training=False)


@pytest.mark.parametrize("name", [*RECORDED, *MADE])
def test_hidden_states_and_pooled_outputs_are_pytorchs(
    data: Path, made: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = (data if name in RECORDED else made) / name
    expected = dict(np.load(folder / "expected.npz"))
    answer = ask(load(folder), expected)
    np.testing.assert_allclose(answer.last_hidden_state.numpy(), expected["hidden"], atol=TOLERANCE)
    if "pooled" in expected:
        np.testing.assert_allclose(answer.pooler_output.numpy(), expected["pooled"], atol=TOLERANCE)
    assert ("without a pooler; that layer starts at random" in capsys.readouterr().err) == ("pooled" not in expected)


def test_a_head_that_fits_is_loaded_with_the_rest(data: Path) -> None:
    folder = data / "bert-classifier"
    expected = dict(np.load(folder / "expected.npz"))
    model = load(folder, "TF_MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES", num_labels=3)
    np.testing.assert_allclose(ask(model, expected).logits.numpy(), expected["logits"], atol=TOLERANCE)


def test_a_head_for_other_labels_starts_at_random(data: Path) -> None:
    expected = dict(np.load(data / "bert-classifier" / "expected.npz"))
    model = load(data / "bert-classifier", "TF_MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES", num_labels=5)
    answer = ask(model, expected).logits.numpy()
    assert answer.shape == (2, 5)
    assert np.isfinite(answer).all()
    np.testing.assert_allclose(ask(model.bert, expected).pooler_output.numpy(), expected["pooled"], atol=TOLERANCE)


def test_a_random_pooler_follows_the_seed(data: Path) -> None:
    from sentiment.tensorflow_setup import keras

    poolers = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        model = load(data / "bert-bin-old-names")
        poolers.append(next(w.numpy() for w in model.weights if w.name.endswith("pooler/dense/kernel:0")))
    np.testing.assert_array_equal(poolers[0], poolers[1])
    assert np.abs(poolers[0] - poolers[2]).max() > 0.001


@pytest.fixture
def copied(data: Path, made: Path, tmp_path: Path) -> Callable[[str], Path]:
    return lambda name: shutil.copytree((data if name in RECORDED else made) / name, tmp_path / name)


def change(folder: Path, **changes: Any) -> None:
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**settings, **changes}), encoding="utf-8")


def refused(folder: Path) -> str:
    with pytest.raises(InputError) as raised:
        load(folder)
    assert "\n" not in str(raised.value)
    return str(raised.value)


EACH_FORMAT = pytest.mark.parametrize("name", ["bert-safetensors", "bert-bin", "bert-h5", "bert-tf-safetensors"])


@EACH_FORMAT
def test_missing_layers_are_named(copied: Callable[[str], Path], name: str) -> None:
    change(copied_to := copied(name), num_hidden_layers=3)
    line = refused(copied_to)
    assert "must hold all weights of the bert encoder in its config.json" in line
    assert "16 of 55 weights missing or not numbers: bert/encoder/layer_._2/attention/self/query/kernel" in line


@EACH_FORMAT
def test_shapes_that_do_not_fit_are_named(copied: Callable[[str], Path], name: str) -> None:
    change(copied_to := copied(name), intermediate_size=24)
    assert "(20,), not (24,)" in refused(copied_to) or "(20, 12), not (12, 24)" in refused(copied_to)


@EACH_FORMAT
def test_the_weights_of_another_architecture(copied: Callable[[str], Path], name: str) -> None:
    change(copied_to := copied(name), model_type="albert", embedding_size=6)
    assert "must hold all weights of the albert encoder" in refused(copied_to)


@EACH_FORMAT
def test_a_file_cut_short(copied: Callable[[str], Path], name: str) -> None:
    file = encoder.pretrained(str(folder := copied(name)), None).pretrained
    assert file is not None
    whole = file.read_bytes()
    for length in (0, 5, 60, len(whole) // 2, len(whole) - 2):
        file.write_bytes(whole[:length])
        assert "the weights of an encoder must be whole" in refused(folder)


@EACH_FORMAT
def test_a_pointer_instead_of_the_file(copied: Callable[[str], Path], name: str) -> None:
    file = encoder.pretrained(str(folder := copied(name)), None).pretrained
    assert file is not None
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", encoding="utf-8")
    assert "a git-lfs pointer" in refused(folder)


def test_layers_that_config_does_not_have_are_said(
    copied: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("bert-bin", "bert-h5"):
        change(folder := copied(name), num_hidden_layers=1)
        load(folder)
        assert "16 weights of" in capsys.readouterr().err


def test_numbers_that_are_none_are_refused(copied: Callable[[str], Path]) -> None:
    from safetensors.numpy import load_file, save_file

    folder = copied("bert-safetensors")
    weights = load_file(folder / "model.safetensors")
    weights["embeddings.LayerNorm.weight"][3] = np.nan
    save_file(weights, folder / "model.safetensors")
    assert "1 of 39 weights missing or not numbers: bert/embeddings/LayerNorm/gamma" in refused(folder)


def test_an_array_that_is_named_again_and_again_is_read_for_none_of_them(copied: Callable[[str], Path]) -> None:
    import h5py

    folder = copied("bert-h5")
    with h5py.File(folder / "tf_model.h5", "r+") as file:
        layer = file[file.attrs["layer_names"][0]]
        first, *others = layer.attrs["weight_names"]
        again = ["." + "/" * number + first for number in range(1, 50)]
        layer.attrs["weight_names"] = [first, *others, *again]
    assert "a second name, or one of nothing that is there: /bert/./" in refused(folder)


def test_weights_laid_out_for_another_library(copied: Callable[[str], Path]) -> None:
    from safetensors.numpy import load_file, save_file

    folder = copied("bert-safetensors")
    save_file(load_file(folder / "model.safetensors"), folder / "model.safetensors", {"format": "mlx"})
    assert "laid out for 'mlx'" in refused(folder)


def test_a_pickle_that_wants_more_than_weights(copied: Callable[[str], Path], tmp_path: Path) -> None:
    import pickle
    import zipfile

    class Calls:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "owned",))

    folder = copied("bert-bin")
    with zipfile.ZipFile(folder / "pytorch_model.bin", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"a": Calls()}, 2))
        archive.writestr("archive/data/0", bytes(9000))
    assert "which no table of weights needs" in refused(folder)
    assert not (tmp_path / "owned").exists()


def test_a_header_that_is_not_the_files(copied: Callable[[str], Path]) -> None:
    file = (folder := copied("bert-safetensors")) / "model.safetensors"
    file.write_bytes(file.read_bytes() + b"0000")
    line = refused(folder)
    assert "the weights of an encoder must be whole" in line and "the file has" in line
