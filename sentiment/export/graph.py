"""The served model: its variables (stored once), the tokenizer and its signatures, as one plain `tf.Module`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from sentiment.client.answer import TEXT, TITLED
from sentiment.export.batched import Columns, Compute, batched, require_rows, used
from sentiment.export.buckets import buckets_for
from sentiment.model.flat import Packed, Plain
from sentiment.model.folder import OpenedModel
from sentiment.model.forward import Forward, forward_of
from sentiment.model.scoring import INPUTS
from sentiment.tensorflow_setup import tf

PADDING = 0


class ServedModel(tf.Module):
    """A trained model as the model server sees it.

    Keras' own saving would store a traced copy of every layer, and it fails on a transformers model. Here the Keras
    model is traced once, into `forward`, which every signature calls; `parameters` stores the variables.
    """

    def __init__(self, opened: OpenedModel, *, batching: bool = True) -> None:
        """`batching`: requests of several callers are computed together, without their empty places.

        Without it, each is computed alone and whole, as the older tool's exports do, in a graph that TensorRT takes.
        """
        super().__init__(name="sentiment")
        self.parameters = opened.keras.weights
        # A local variable: as an attribute, it would be saved as Keras does.
        ask = forward_of(opened.keras, Packed if batching else Plain)
        self._answer_with(traced(ask), opened, batching=batching, packs=ask.packs)

    def _answer_with(self, forward: Compute, opened: OpenedModel, *, batching: bool, packs: bool) -> None:
        self.forward = forward
        self.tokenizer = opened.tokenizer
        self.names = opened.card.labels
        self.vocabulary = len(opened.pieces)
        self.reads_titles = opened.card.titles is True
        # An encoder of TF-Hub does not say how many positions it has; it has those that it was trained with.
        self.longest = opened.card.architecture.get("max_position_embeddings") or opened.card.max_seq_length
        buckets = buckets_for(opened.card.max_seq_length, self.longest) if batching else []
        self._buckets = [bucket.of_every_size for bucket in buckets] if packs else buckets

    @functools.cached_property
    def compute(self) -> Compute:
        """Returns `forward` as every signature calls it, for any number of rows: alone, or with those of others."""
        return batched(self.forward, self._buckets, len(self.names)) if self._buckets else of_any_rows(self.forward)

    def signatures(self) -> dict[str, Any]:
        """Returns the signatures to save, by the names that clients use. Each checks what it is fed.

        A model that was trained with titles has one more, for posts with a title: the real server wants every input of
        a signature in every request, so `text` cannot have an optional one.
        """

        def checked(classify: Callable[..., dict[str, Any]], *inputs: Any) -> Any:
            rank = inputs[0].shape.rank
            function = tf.function(lambda **fed: classify(**require_rows(fed, rank)), autograph=False)
            return function.get_concrete_function(**{spec.name: spec for spec in inputs})

        ids = [tf.TensorSpec((None, None), tf.int32, name=name) for name in INPUTS]
        texts = tf.TensorSpec((None,), tf.string, name="text")
        found = {"serving_default": checked(self.classify_ids, *ids), TEXT: checked(self.classify_texts, texts)}
        if self.reads_titles:
            titles = tf.TensorSpec((None,), tf.string, name="title")
            found[TITLED] = checked(self.classify_titled, titles, texts)
        return found

    def classify_ids(self, input_ids: Any, input_mask: Any, segment_ids: Any) -> dict[str, Any]:
        """Takes int32 [B, L]; returns float32 [B, labels] `probabilities`.

        A server that batches by itself evens out lengths by repeating each tensor's first element (`AddPadding` in its
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
        inputs = {"input_ids": input_ids, "input_mask": mask, "segment_ids": segment_ids}
        return {"probabilities": self.compute(used(inputs) if self._buckets else inputs)}

    def classify_texts(self, text: Any) -> dict[str, Any]:
        """Takes string [B]; returns `probabilities` [B, labels], `label` (its name) [B] and `label_id` int32 [B]."""
        ids = self.tokenizer.encode(text)
        mask = tf.ones_like(ids).to_tensor(0)
        segments = tf.zeros_like(mask)
        return self._named({"input_ids": ids.to_tensor(PADDING), "input_mask": mask, "segment_ids": segments})

    def classify_titled(self, title: Any, text: Any) -> dict[str, Any]:
        """Takes string [B] and string [B]; returns what `classify_texts` does, which an empty title is the same as."""
        ids, segments = self.tokenizer.encode_pairs(title, text)
        mask = tf.ones_like(ids).to_tensor(0)
        return self._named(
            {"input_ids": ids.to_tensor(PADDING), "input_mask": mask, "segment_ids": segments.to_tensor(0)}
        )

    def _named(self, inputs: Columns) -> dict[str, Any]:
        probabilities = self.compute(inputs)
        label_id = tf.argmax(probabilities, axis=1, output_type=tf.int32)
        return {
            "probabilities": probabilities,
            "label": tf.gather(tf.constant(self.names), label_id),
            "label_id": label_id,
        }


def traced(ask: Forward) -> Any:
    """Returns a pass as a function for answers, which a graph may hold."""
    return tf.function(lambda inputs: ask(inputs, training=False), input_signature=[INPUTS], autograph=False)


def of_any_rows(forward: Compute) -> Compute:
    """Returns `forward` as a function that answers no rows with no rows: a Keras model fails on an empty batch.

    In place of an empty batch it is given one row of padding, the answer to which is cut off again.
    """

    def answer(inputs: Columns) -> Any:
        rows, columns = tf.unstack(tf.shape(inputs[next(iter(inputs))]))
        missing = tf.maximum(1 - rows, 0)
        padding = [[0, missing], [0, tf.maximum(missing - columns, 0)]]
        return forward({name: tf.pad(values, padding, constant_values=PADDING) for name, values in inputs.items()})[
            :rows
        ]

    return answer


def save(opened: OpenedModel, folder: Any, *, batching: bool = True) -> Any:
    """Saves `opened` as a SavedModel in `folder` and returns the saved module; `batching`: see ServedModel."""
    served = ServedModel(opened, batching=batching)
    tf.saved_model.save(served, str(folder), signatures=served.signatures())
    return served
