"""A classifier as a function of its inputs: the flat pass where it has one, otherwise the Keras model's own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from sentiment.model.arithmetic import in_use
from sentiment.model.bert_layer import dense
from sentiment.model.compiling import Prices, Shape, worth
from sentiment.model.flat import Layers, Plain, encoded
from sentiment.tensorflow_setup import keras, tf

BERTS = ("TFBertModel", "TFBertForSequenceClassification")  # by name: importing them takes a second
SEGMENTS = 2
HEADS = (keras.layers.Dropout, keras.layers.Dense, keras.layers.Activation)


class Forward(Protocol):
    """Inputs, int32 [B, L] by name → probabilities [B, labels]."""

    settings: Mapping[str, Any] | None  # a BERT's, as in its config.json, where XLA may compile the pass
    packs: bool  # whether it computes nothing of empty places
    table: Any  # the vectors of pieces, which nothing but the inputs' ids look up; None where that is not known

    def __call__(self, inputs: Any, *, training: bool) -> Any: ...


def forward_of(model: Any, layers: Callable[[Any], Layers] = Plain) -> Forward:
    """Returns how `model`, which `classifier.build` made, is computed fastest.

    `layers` makes of its encoder what computes the layers, where it has a flat pass.
    """
    encoder = next((layer for layer in model.layers if type(layer).__name__ in BERTS), None)
    if encoder is None or encoder.compute_dtype != "float32" or encoder.config.type_vocab_size != SEGMENTS:
        return AsKeras(model)
    return Flat(model, encoder, layers(encoder.bert))


def worth_compiling(model: Any, counted: Mapping[Shape, int], prices: Mapping[str, Prices]) -> frozenset[Shape]:
    """Returns the shapes of so many batches that XLA is to compile for `model`, by the prices of each arithmetic."""
    settings = forward_of(model).settings
    return worth(counted, settings, prices[in_use()], len(os.sched_getaffinity(0))) if settings else frozenset()


class AsKeras:
    """The Keras model's own pass."""

    settings: Mapping[str, Any] | None = None
    packs = False
    table = None

    def __init__(self, model: Any) -> None:
        self._model = model

    def __call__(self, inputs: Any, *, training: bool) -> Any:
        return self._model(inputs, training=training)


class Flat:
    """A BERT's flat pass, and then the layers of its classifier."""

    def __init__(self, model: Any, encoder: Any, layers: Layers) -> None:
        self._model, self._encoder, self._layers = model, encoder, layers
        self.settings: Mapping[str, Any] | None = encoder.config.to_dict()
        self.packs, self.table = layers.packs, encoder.bert.embeddings.weight

    def __call__(self, inputs: Any, *, training: bool) -> Any:
        ids, there = inputs["input_ids"], inputs["input_mask"]
        state = encoded(self._encoder.bert, ids, there, inputs["segment_ids"], training=training, layers=self._layers)
        vectors = tf.reshape(state, (*tf.unstack(tf.shape(ids)), state.shape[1]))
        found = self._pooled(vectors, there)
        for layer in self._head():
            found = layer(found, training=training) if isinstance(layer, keras.layers.Dropout) else layer(found)
        return found

    def _pooled(self, vectors: Any, there: Any) -> Any:
        pooler = self._encoder.bert.pooler
        if pooler is None:
            return self._model.get_layer("mean")(vectors, there)
        return tf.tanh(dense(pooler.dense, vectors[:, 0]))

    def _head(self) -> Iterator[Any]:
        if hasattr(self._encoder, "classifier"):
            yield from (self._encoder.dropout, self._encoder.classifier)
        yield from (layer for layer in self._model.layers if isinstance(layer, HEADS))
