"""A model's temperature goes wherever its probabilities go."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from sentiment.data.tsv import Post
from sentiment.export.export import export
from sentiment.export.formats import SAVED_MODEL, TFLITE, TFLITE_INT8
from sentiment.model.batches import encode
from sentiment.model.folder import open_model, read_card, write_card
from sentiment.model.temperature import rescaled
from sentiment.results.export import Export

TEMPERATURE = 2.5
Answer = Callable[[Path], Any]


@pytest.fixture(scope="module")
def calibrated(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy model with a temperature."""
    folder = tmp_path_factory.mktemp("calibrated") / "model"
    shutil.copytree(trained, folder)
    write_card(folder, structs.replace(read_card(folder), temperature=TEMPERATURE))
    return folder


@pytest.fixture(scope="module")
def made(calibrated: Path, posts: list[Post]) -> Export:
    return export(calibrated, calibrated.parent / "1", posts, (SAVED_MODEL, TFLITE, TFLITE_INT8))


@pytest.fixture(scope="module")
def answers(posts: list[Post]) -> Answer:
    """Returns the probabilities that the model in a folder gives."""
    from sentiment.model.scoring import Scorer

    def given(folder: Path) -> Any:
        opened = open_model(folder)
        return Scorer(opened.keras, opened.card.max_seq_length).probabilities(encode(opened.tokenizer, posts))

    return given


def test_a_model_from_its_folder_answers_at_its_temperature(trained: Path, calibrated: Path, answers: Answer) -> None:
    plain, found = answers(trained), answers(calibrated)
    assert np.abs(found - plain).max() > 0.01
    np.testing.assert_allclose(found, rescaled(plain, TEMPERATURE), atol=1e-6)
    assert (found.argmax(axis=1) == plain.argmax(axis=1)).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


def test_a_training_that_goes_on_from_it_begins_without(trained: Path, calibrated: Path, posts: list[Post]) -> None:
    from sentiment.model.scoring import Scorer

    asked = encode(open_model(trained).tokenizer, posts)
    before, after = (
        Scorer(open_model(folder, dropout=0.1).keras, 64).probabilities(asked) for folder in (trained, calibrated)
    )
    np.testing.assert_array_equal(before, after)


def test_both_signatures_answer_at_the_temperature(
    made: Export, calibrated: Path, answers: Answer, posts: list[Post]
) -> None:
    from sentiment.tensorflow_setup import tf

    assert made.parity is not None
    assert made.parity.largest_difference <= 1e-5
    assert made.parity.labels_equal
    wanted = answers(calibrated)
    untitled = [row for row, post in enumerate(posts) if not post.title]
    loaded = tf.saved_model.load(str(made.export))
    text = loaded.signatures["text"](text=tf.constant([posts[row].text for row in untitled]))
    np.testing.assert_allclose(text["probabilities"].numpy(), wanted[untitled], atol=1e-5)
    assert (text["label_id"].numpy() == wanted[untitled].argmax(axis=1)).all()
    post = encode(open_model(calibrated).tokenizer, posts[:1])
    ids = tf.constant(post.ids[0][None, :])
    default = loaded.signatures["serving_default"](
        input_ids=ids, input_mask=tf.ones_like(ids), segment_ids=tf.constant(post.segments[0][None, :])
    )
    np.testing.assert_allclose(default["probabilities"].numpy(), wanted[:1], atol=1e-5)


@pytest.mark.parametrize("name", [TFLITE, TFLITE_INT8])
def test_tflite_answers_at_the_temperature_with_its_own_operations(made: Export, name: str) -> None:
    found = made.formats[name]
    assert found.made
    assert found.parity
    assert found.parity.agreement >= 0.98
    assert found.parity.largest_difference <= (1e-4 if name == TFLITE else 0.05)
    assert found.select_tf_ops == []


def test_the_graph_only_computes(made: Export, calibrated: Path) -> None:
    from sentiment.validation import operations

    export = Path(str(made.export))
    used = operations.operations_of(export)
    assert operations.dangers(export, used, operations.models_of(calibrated, used)) == []
