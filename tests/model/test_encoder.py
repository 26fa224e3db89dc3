"""Pretrained encoders, from a local folder as transformers saves it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.results import in_json

from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.model import encoder, vocabulary
from sentiment.model.folder import open_model, read_card
from sentiment.training import train as training
from sentiment.training.hyperparameters import choose
from sentiment.training.start import starting_point
from sentiment.training.training_files import Files

train = in_json(training.train)

PIECES = [*vocabulary.SPECIAL, *"好吃難爛很超棒真普通請問在哪裡幾點"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of one layer, as `save_pretrained` of a TF model writes it, with its vocabulary."""
    from sentiment.tensorflow_setup import keras, tf  # noqa: F401 - sets Keras 2 before transformers looks
    from transformers import BertConfig, TFBertModel  # isort: skip

    folder = tmp_path_factory.mktemp("checkpoint")
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    model = TFBertModel(BertConfig(vocab_size=len(PIECES), **size))
    model.build_in_name_scope()
    model.save_pretrained(folder)
    vocabulary.write(folder / "vocab.txt", PIECES)
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": False}), encoding="utf-8")
    return folder


def test_a_local_checkpoint_is_fine_tuned(checkpoint: Path, toy_files: Files, tmp_path: Path) -> None:
    files = replace(toy_files, output=tmp_path / "model")
    settings = choose("custom", str(checkpoint), num_epochs=1, max_seq_length=16)
    result = train(files, settings, Labels())
    card = read_card(files.output)
    assert (card.architecture["pooling"], card.lower_case, card.vocabulary) == ("cls", False, len(PIECES))
    assert settings.learning_rate == 2e-5
    assert open_model(files.output).keras.count_params() == result["parameters"]


def test_its_weights_are_really_loaded(checkpoint: Path, toy_files: Files, tmp_path: Path) -> None:
    import h5py

    started = starting_point(toy_files, choose("custom", str(checkpoint)), Labels(), [])
    found = next(weight for weight in started.keras.weights if "word_embeddings" in weight.name)
    with h5py.File(checkpoint / "tf_model.h5") as file:
        saved: list[NDArray[Any]] = []
        file.visititems(
            lambda name, item: saved.append(item[()]) if "word_embeddings" in name and hasattr(item, "shape") else None
        )
    np.testing.assert_array_equal(found.numpy(), saved[0])


def test_a_folder_without_weights_says_what_is_missing(checkpoint: Path, toy_files: Files, tmp_path: Path) -> None:
    for name in ("config.json", "vocab.txt"):
        (tmp_path / name).write_bytes((checkpoint / name).read_bytes())
    with pytest.raises(InputError, match=r"tf_model\.h5") as raised:
        starting_point(toy_files, choose("custom", str(tmp_path)), Labels(), [])
    assert "\n" not in str(raised.value)


def test_a_vocabulary_larger_than_the_embeddings_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    vocabulary.write(tmp_path / "vocab.txt", [*PIECES, "多"])
    with pytest.raises(InputError, match=f"must fit its {len(PIECES)} embeddings"):
        encoder.pretrained(str(checkpoint), tmp_path / "vocab.txt")


def test_scratch_sizes_are_what_the_names_promise() -> None:
    tiny, mini = (encoder.scratch(name, PIECES).architecture for name in ("scratch/tiny", "scratch/mini"))
    assert (tiny["num_hidden_layers"], tiny["hidden_size"], tiny["intermediate_size"]) == (2, 128, 512)
    assert (mini["num_hidden_layers"], mini["hidden_size"], mini["num_attention_heads"]) == (4, 256, 4)
