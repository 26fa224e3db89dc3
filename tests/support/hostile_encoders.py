"""SavedModels that do more than compute: each is called like an encoder of TF-Hub, and does one thing beside it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

PIECES = [chr(ord("一") + number) for number in range(36)]
INPUTS = ("input_word_ids", "input_mask", "input_type_ids")


def changed(source: Path, target: Path, change: Callable[[Any], None]) -> Path:
    """Copies the SavedModel `source` to `target`, with its one MetaGraphDef changed."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    from sentiment.tensorflow_setup import tf  # noqa: F401 - the message belongs to it

    shutil.copytree(source, target)
    model = SavedModel.FromString((target / "saved_model.pb").read_bytes())
    change(model.meta_graphs[0])
    (target / "saved_model.pb").write_bytes(model.SerializeToString())
    return target


def saved(folder: Path, act: Callable[[Any], Any], **attributes: Any) -> Path:
    """Saves an encoder that does `act(words)` whenever it is called; `attributes` are saved with it."""
    from sentiment.tensorflow_setup import tf

    spec = {name: tf.TensorSpec((None, None), tf.int32) for name in INPUTS}

    class Encoder(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = tf.Variable(tf.ones((41, 8)), name="word_embeddings")
            for name, value in attributes.items():
                setattr(self, name, value)

        @tf.function(input_signature=[spec, tf.TensorSpec((), tf.bool)], autograph=False)
        def __call__(self, inputs: Any, training: Any) -> Any:
            ids = inputs["input_word_ids"]
            with tf.control_dependencies([act(ids)]):
                return {"pooled_output": tf.reduce_mean(tf.gather(self.words, ids), axis=1)}

    encoder = Encoder()
    encoder.trainable_variables_list = [encoder.words]
    tf.saved_model.save(encoder, str(folder), signatures={"pooled": encoder.__call__})
    return folder


def trainable(folder: Path, pooled: Callable[[Any], Any], *others: Any) -> Path:
    """Saves an encoder like those of TF-Hub, of 41 pieces: `pooled` makes its answer of float32 [B, 8].

    `others` are variables that are trained with its own.
    """
    from sentiment.tensorflow_setup import tf

    spec = {name: tf.TensorSpec((None, None), tf.int32) for name in INPUTS}
    words = tf.Variable(tf.random.stateless_normal((41, 8), [1, 2]), name="word_embeddings")
    folder.mkdir()
    (folder / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *PIECES]), encoding="utf-8"
    )

    @tf.function(input_signature=[spec, tf.TensorSpec((), tf.bool)], autograph=False)
    def call(inputs: Any, training: Any) -> Any:
        return {"pooled_output": pooled(tf.reduce_mean(tf.gather(words, inputs["input_word_ids"]), axis=1))}

    encoder = tf.__internal__.tracking.AutoTrackable()
    encoder.__call__ = call
    encoder.vocab_file = tf.saved_model.Asset(str(folder / "vocab.txt"))
    encoder.trainable_variables = encoder.variables = [words, *others]
    tf.saved_model.save(encoder, str(folder))
    return folder
