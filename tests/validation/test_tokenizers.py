"""The models of tokenizers: TF-Text believes them, so an export has its own, of its vocabulary, and an encoder none."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.hostile_encoders import changed, saved

from sentiment.cli import run
from sentiment.errors import InputError
from sentiment.model import folder, graph_models, hub_encoder, operations, piece_trie, saved_model, vocabulary
from sentiment.validation.operations import models_of

WORDPIECE, NORMALIZE = "FastWordpieceTokenizeWithOffsets", "FastBertNormalize"
OTHER = "of another model than that of its vocabulary"


@pytest.fixture(scope="module")
def models(model: Path) -> frozenset[bytes]:
    return models_of(model, operations.MODEL_READERS)


def constants(meta: Any) -> list[Any]:
    """Returns the graph's constants that are models: of tables, and of characters."""
    return [
        node for node in meta.graph_def.node if node.op == "Const" and len(node.attr["value"].tensor.tensor_content)
    ]


def a_longer_length(meta: Any) -> None:
    """Says of a part of the model that it is longer: with another operation, it answers with what lies behind it."""
    largest = max(constants(meta), key=lambda node: len(node.attr["value"].tensor.tensor_content))
    content = bytearray(largest.attr["value"].tensor.tensor_content)
    content[len(content) // 2] ^= 1
    largest.attr["value"].tensor.tensor_content = bytes(content)


def a_repeated_value(meta: Any) -> None:
    for node in constants(meta):
        node.attr["value"].tensor.tensor_content = b""
        node.attr["value"].tensor.int_val.append(200)


def a_placeholder(meta: Any) -> None:
    for node in constants(meta):
        node.op = "Placeholder"


def of_a_request(meta: Any) -> None:
    """The constant is whole, and a request may bring another value in its place."""
    for node in constants(meta):
        asked = meta.signature_def["text"].inputs[f"model_{node.name}"]
        asked.name, asked.dtype = f"{node.name}:0", node.attr["dtype"].type


def computed(meta: Any) -> None:
    for node in constants(meta):
        name, value = node.name, type(node).FromString(node.SerializeToString())
        value.name = f"{name}_honest"
        meta.graph_def.node.append(value)
        node.Clear()
        node.name, node.op = name, "BitwiseAnd"
        node.input.extend([value.name, value.name])


def bound_to_a_variable(meta: Any) -> None:
    """TensorFlow 2's loader gives the function another object."""
    objects = meta.object_graph_def
    held = {place for place, one in enumerate(objects.nodes) if one.WhichOneof("kind") == "constant"}
    other = next(place for place, one in enumerate(objects.nodes) if one.WhichOneof("kind") == "variable")
    for function in objects.concrete_functions.values():
        function.bound_inputs[:] = [other if place in held else place for place in function.bound_inputs]


def called_by_anybody(meta: Any) -> None:
    """The function with the tokenizer is the gradient of another, which training calls with what it has."""
    for function in meta.graph_def.library.function:
        if any(node.op == WORDPIECE for node in function.node_def):
            meta.graph_def.library.gradient.add(function_name="any", gradient_func=function.signature.name)


ATTACKS = [a_longer_length, a_repeated_value, a_placeholder, of_a_request, computed]
ATTACKS += [bound_to_a_variable, called_by_anybody]


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_export_with_another_model_is_refused(
    attack: Callable[[Any], None], exported: Path, models: frozenset[bytes], tmp_path: Path
) -> None:
    assert saved_model.dangers(exported, models) == []
    found = saved_model.dangers(changed(exported, tmp_path / "hostile", attack), models)
    assert [danger for danger in found if danger in (f"{WORDPIECE} {OTHER}", f"{NORMALIZE} {OTHER}")]


def test_models_that_are_handed_on_and_on_are_not_followed_for_ever(
    exported: Path, models: frozenset[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_models, "MOST_STEPS", 3)
    assert any(OTHER in danger for danger in saved_model.dangers(exported, models))


def test_an_export_of_another_vocabulary_is_not_published(
    exported: Path,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path / "home"))
    other = Path(shutil.copytree(model, tmp_path / "model"))
    pieces = vocabulary.read(model / folder.VOCABULARY)
    vocabulary.write(other / folder.VOCABULARY, [*pieces[:-1], "龘"])
    capfd.readouterr()
    assert run(["publish", "--export", str(exported), "--model", str(other)]) == 2
    said = capfd.readouterr().err
    assert f"an export must only compute to be published; found {WORDPIECE} {OTHER} in {exported}" in said
    assert said.count("\n") == 1


def test_the_models_of_a_vocabulary_are_the_same_each_time(model: Path) -> None:
    """Also those of a vocabulary that repeats a piece: whatever stands in its place is in no model."""
    pieces = vocabulary.read(model / folder.VOCABULARY)
    first, second = (piece_trie.models(piece_trie.built(pieces, vocabulary.UNKNOWN)) for _ in range(2))
    assert first == second and len(first) == 2
    longer = piece_trie.models(piece_trie.built([*pieces, "龘"], vocabulary.UNKNOWN))
    assert len(first & longer) == 1, "that of characters is the same"


def gullible() -> dict[str, Callable[[Any], Any]]:
    """The operations that answer with memory, or end the process, where their model has 64 bytes of anything."""
    from tensorflow_text.python.ops import fast_sentencepiece_tokenizer, fast_wordpiece_tokenizer, phrase_tokenizer

    from sentiment.tensorflow_setup import tf

    words, phrases = fast_wordpiece_tokenizer.gen_fast_wordpiece_tokenizer, phrase_tokenizer.gen_phrase_tokenizer
    sentences = fast_sentencepiece_tokenizer.gen_fast_sentencepiece_tokenizer
    splits = tf.constant([0, 1], tf.int64)

    def anything() -> Any:
        return tf.constant([200] * 64, tf.uint8)

    return {
        WORDPIECE: lambda ids: words.fast_wordpiece_tokenize_with_offsets(["a"], anything()).output_ids,
        "TFText>FastWordpieceDetokenize": lambda ids: words.tf_text_fast_wordpiece_detokenize([1], splits, anything()),
        "PhraseTokenize": lambda ids: phrases.phrase_tokenize(["a"], anything())[0],
        "TFText>FastSentencepieceDetokenize": lambda ids: sentences.tf_text_fast_sentencepiece_detokenize(
            anything(), [1], splits, add_bos=False, add_eos=False, reverse=False
        ),
    }


@pytest.mark.parametrize("operation", [WORDPIECE, "PhraseTokenize", "TFText>FastWordpieceDetokenize"])
def test_an_encoder_with_a_tokenizer_that_believes_its_model_is_refused(operation: str, tmp_path: Path) -> None:
    hostile = saved(tmp_path / "encoder", gullible()[operation])
    with pytest.raises(InputError, match=f"must only compute.*{operation}") as raised:
        hub_encoder.load(hostile)
    assert "\n" not in str(raised.value)
