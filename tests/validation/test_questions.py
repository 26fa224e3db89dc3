from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sentiment.client.answer import IDS, TEXT, TITLED
from sentiment.data.tsv import Post
from sentiment.export.parity import Reference
from sentiment.model.folder import open_model
from sentiment.validation.questions import Questions, Shape, posts_to_ask, served_batches

SIZES = (1, 2, 4, 8, 16, 32)


@pytest.fixture(scope="module")
def reference(model: Path, posts: list[Post]) -> Reference:
    opened = open_model(model)
    return Reference(opened, posts_to_ask(posts, opened))


def test_batch_sizes_are_the_exports_or_those_of_the_servers_own_batching(flags: list[str], tmp_path: Path) -> None:
    assert served_batches(flags) == served_batches([]) == SIZES
    (tmp_path / "batching").write_text(
        "max_batch_size { value: 8 } allowed_batch_sizes: 2 allowed_batch_sizes: 8", encoding="utf-8"
    )
    own = ["--enable_batching=true", f"--batching_parameters_file={tmp_path / 'batching'}"]
    assert served_batches(own) == (2, 8)
    (tmp_path / "batching").write_text("max_batch_size { value: 8 }", encoding="utf-8")
    assert served_batches(own) == SIZES


def test_every_served_shape_is_made_of_real_rows_and_has_exactly_that_length(reference: Reference) -> None:
    questions = Questions(reference, SIZES)
    shapes = questions.shapes()
    assert len(shapes) == len(set(shapes)) == 3 * len(SIZES) * 2
    assert {shape.length for shape in shapes} == {16, 32}
    for shape in shapes:
        inputs = questions.inputs(shape)
        if shape.signature == IDS:
            assert {value.shape for value in inputs.values()} == {(shape.batch, shape.length)}
            assert inputs["input_mask"][0].sum() == shape.length
        else:
            assert len(inputs["text"]) == shape.batch
            assert set(inputs["text"]) <= set(reference.texts)
            assert ("title" in inputs) == (shape.signature == TITLED)


def test_of_long_rows_only_as_many_are_asked_as_are_computed_together() -> None:
    long = Questions(SimpleNamespace(max_seq_length=512, reads_titles=False), SIZES).shapes()  # type: ignore[arg-type]
    assert max(shape.batch for shape in long if shape.length == 512) == 8
    assert max(shape.batch for shape in long if shape.length == 128) == 32
    assert len(long) == 2 * (4 * 6 + 5 + 4)


def test_every_served_shape_has_a_request_that_holds_nobodys_post(reference: Reference, posts: list[Post]) -> None:
    questions = Questions(reference, SIZES)
    real = {post.text.encode() for post in posts}
    for shape in questions.shapes():
        inputs = questions.invented_inputs(shape)
        if shape.signature == IDS:
            assert {value.shape for value in inputs.values()} == {(shape.batch, shape.length)}
            assert (inputs["input_mask"].sum(axis=1) == shape.length).all()
        else:
            (text,) = set(inputs["text"])
            assert len(inputs["text"]) == shape.batch and text not in real
            assert reference.encoded_texts.lengths[reference.texts.index(text)] == shape.length


def test_every_row_is_asked_once_in_batches_of_every_size(reference: Reference) -> None:
    questions = Questions(reference, SIZES)
    for signature in (IDS, TEXT, TITLED):
        batches = list(questions.batches(signature))
        assert sorted(np.concatenate(batches).tolist()) == list(range(len(reference.texts)))
        assert {len(rows) for rows in batches} >= set(SIZES)


def test_ids_are_padded_with_zeros(reference: Reference) -> None:
    inputs = Questions(reference, SIZES).inputs_of(IDS, np.array([0]), 32)
    assert inputs["input_ids"].shape == (1, 32)
    assert inputs["input_ids"][inputs["input_mask"] == 0].tolist() == [0] * (32 - int(inputs["input_mask"].sum()))


def test_a_shape_names_itself() -> None:
    assert Shape(TEXT, 1, 16) == Shape("text", 1, 16)
