"""The served model: its variables (stored once), the tokenizer and two signatures, as one plain `tf.Module`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sentiment.model.folder import OpenedModel
from sentiment.model.scoring import INPUTS
from sentiment.tensorflow_setup import tf

PADDING = 0


class ServedModel(tf.Module):
    """A trained model as the model server sees it.

    Keras' own saving would store a traced copy of every layer, and it fails on a transformers model. Here the Keras
    model is traced once, into `forward`, which both signatures call; `parameters` stores the variables.
    """

    def __init__(self, opened: OpenedModel) -> None:
        super().__init__(name="sentiment")
        self.parameters = opened.keras.weights
        self.tokenizer = opened.tokenizer
        self.names = opened.card.labels
        self.vocabulary = len(opened.pieces)
        self.longest = opened.card.architecture.get("max_position_embeddings")
        model = opened.keras  # a local variable: as an attribute, it would be saved as Keras does
        self.forward = tf.function(
            lambda inputs: model(inputs, training=False), input_signature=[INPUTS], autograph=False
        )

    def signatures(self) -> dict[str, Any]:
        """Returns the signatures to save, by the names that clients use."""
        ids = {name: tf.TensorSpec((None, None), tf.int32, name=name) for name in INPUTS}
        return {
            "serving_default": _of_any_rows(self.classify_ids).get_concrete_function(**ids),
            "text": _of_any_rows(self.classify_texts).get_concrete_function(
                text=tf.TensorSpec((None,), tf.string, name="text")
            ),
        }

    def classify_ids(self, input_ids: Any, input_mask: Any, segment_ids: Any) -> dict[str, Any]:
        """Takes int32 [B, L]; returns float32 [B, labels] `probabilities`.

        The server's batcher evens out lengths by repeating each tensor's first element (`AddPadding` in its
        batching_util.h): ids get a tail of [CLS], masks a tail of 1. So the mask alone is not trusted: id 0 is padding,
        and so is [CLS] anywhere but in front.

        Requests of several clients run as one batch, and if the graph refuses one, all of them fail. So an id beyond
        the vocabulary counts as [UNK], a segment beyond the second as the second, and rows that are too long are cut.
        """
        input_ids, input_mask, segment_ids = (ids[:, : self.longest] for ids in (input_ids, input_mask, segment_ids))
        is_known = (input_ids >= 0) & (input_ids < self.vocabulary)
        input_ids = tf.where(is_known, input_ids, self.tokenizer.unknown)
        segment_ids = tf.clip_by_value(segment_ids, 0, 1)
        first = tf.range(tf.shape(input_ids)[1])[tf.newaxis, :] == 0
        is_padding = (input_ids == PADDING) | (input_mask == 0) | ((input_ids == self.tokenizer.classify) & ~first)
        mask = tf.cast(~is_padding, tf.int32)
        return {"probabilities": self.forward({"input_ids": input_ids, "input_mask": mask, "segment_ids": segment_ids})}

    def classify_texts(self, text: Any) -> dict[str, Any]:
        """Takes string [B]; returns `probabilities` [B, labels], `label` (its name) [B] and `label_id` int32 [B]."""
        ids = self.tokenizer.encode(text)
        mask = tf.ones_like(ids).to_tensor(0)
        segments = tf.zeros_like(mask)
        inputs = {"input_ids": ids.to_tensor(PADDING), "input_mask": mask, "segment_ids": segments}
        probabilities = self.forward(inputs)
        label_id = tf.argmax(probabilities, axis=1, output_type=tf.int32)
        return {
            "probabilities": probabilities,
            "label": tf.gather(tf.constant(self.names), label_id),
            "label_id": label_id,
        }


def _of_any_rows(classify: Callable[..., dict[str, Any]]) -> Any:
    """Returns `classify` as a function that answers no rows with no rows: a Keras model fails on an empty batch.

    In place of an empty batch it is given one row, the answer to which is cut off again.
    """

    def answer(**inputs: Any) -> dict[str, Any]:
        rows = tf.shape(next(iter(inputs.values())))[0]
        return {name: output[:rows] for name, output in classify(**_with_a_row(rows, inputs)).items()}

    return tf.function(answer, autograph=False)


def _with_a_row(rows: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    """Returns `inputs`; where they have no rows, with one of an empty text, or of padding in at least one column."""
    missing = tf.maximum(1 - rows, 0)
    padded = {}
    for name, values in inputs.items():
        columns = [[0, tf.maximum(missing - tf.shape(values)[1], 0)]] if values.shape.rank == 2 else []
        padded[name] = tf.pad(values, [[0, missing], *columns], constant_values="" if values.dtype == tf.string else 0)
    return padded


def save(opened: OpenedModel, folder: Any) -> Any:
    """Saves `opened` as a SavedModel in `folder` and returns the saved module."""
    served = ServedModel(opened)
    tf.saved_model.save(served, str(folder), signatures=served.signatures())
    return served
