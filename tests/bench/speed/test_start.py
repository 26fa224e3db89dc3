"""The same weights as our model folder and as Hugging Face's."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sentiment.bench.speed.start import Shape, begin, write_ours, write_theirs
from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.model import vocabulary
from sentiment.model.batches import encode, padded
from sentiment.model.folder import open_model

POSTS = [Post("真的好吃", 0), Post("難吃，不會再來", 1)]


def test_a_shape_has_as_many_heads_as_its_width_allows() -> None:
    assert [Shape(4, width, 0).heads for width in (312, 768, 16, 7)] == [12, 12, 8, 7]
    assert Shape(4, 312, 21128).architecture(9000)["vocab_size"] == 21128
    assert Shape(4, 312, 10).architecture(9000)["vocab_size"] == 9000


@pytest.mark.slow
def test_both_folders_answer_the_same(tmp_path: Path) -> None:
    from transformers import BertTokenizerFast, TFBertForSequenceClassification

    from sentiment.tensorflow_setup import tf

    pieces = vocabulary.build(post.text for post in POSTS)
    opened = begin(Shape(2, 16, 7000), pieces, Labels(), 16, seed=1)
    write_ours(tmp_path / "ours", opened)
    write_theirs(tmp_path / "theirs", opened)
    again = open_model(tmp_path / "ours")
    encoded = encode(again.tokenizer, POSTS)
    inputs = padded(encoded, np.array([0, 1]), 16)
    ours = again.keras(inputs).numpy()

    theirs = TFBertForSequenceClassification.from_pretrained(str(tmp_path / "theirs"))
    cut = BertTokenizerFast.from_pretrained(str(tmp_path / "theirs"))([post.text for post in POSTS])
    assert cut["input_ids"] == [list(row) for row in encoded.ids]
    named = {"input_ids": "input_ids", "attention_mask": "input_mask", "token_type_ids": "segment_ids"}
    logits = theirs(**{name: tf.constant(inputs[own]) for name, own in named.items()}).logits
    np.testing.assert_allclose(tf.nn.softmax(logits).numpy(), ours, atol=1e-5)
    config = json.loads((tmp_path / "theirs" / "config.json").read_text(encoding="utf-8"))
    assert config["vocab_size"] == 7000 and config["label2id"] == {name: row for row, name in enumerate(Labels().names)}


def test_a_model_that_pools_otherwise_is_one_line(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must be a BERT with its own pooler"):
        write_theirs(tmp_path / "theirs", open_model(trained))
    assert not (tmp_path / "theirs").exists()
