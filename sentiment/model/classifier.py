"""The classifier: an encoder, dropout, and a dense softmax named `probabilities`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sentiment.errors import InputError
from sentiment.model.encoder import Architecture, not_found
from sentiment.model.tensorflow_setup import keras, tf

Builder = Callable[[Architecture, int, float, str | None], Any]


def build(
    model_type: str, architecture: Architecture, *, labels: int, dropout: float, weights: str | None = None
) -> Any:
    """Returns the Keras model: int32 [B, L] `input_ids`, `input_mask`, `segment_ids` → float32 [B, labels].

    `weights` names a pretrained encoder to load; None leaves every weight at its random start.
    """
    builder = BUILDERS[require_known_type(model_type)]
    # AutoGraph would translate every layer's source, 5 s of CPU, and find no Python control flow over tensors in it.
    return tf.autograph.experimental.do_not_convert(builder)(architecture, labels, dropout, weights)


def require_known_type(model_type: str) -> str:
    if model_type not in BUILDERS:
        raise InputError(f"the model type must be one of {', '.join(BUILDERS)}", found=repr(model_type), do="Mend it.")
    return model_type


def _custom(architecture: Architecture, labels: int, dropout: float, weights: str | None) -> Any:
    """`TFAutoModel` + dropout + dense softmax, as the original's `custom`."""
    inputs = {
        name: keras.layers.Input(shape=(None,), dtype=tf.int32, name=name)
        for name in ("input_ids", "input_mask", "segment_ids")
    }
    encoder = _encoder(architecture, weights)
    mask = inputs["input_mask"]
    encoded = encoder(
        input_ids=inputs["input_ids"], attention_mask=mask, token_type_ids=inputs["segment_ids"], return_dict=True
    )
    if architecture["pooling"] == "mean":
        pooled = MaskedMean(name="mean")(encoded.last_hidden_state, mask)
    else:
        pooled = encoded.pooler_output
    dropped = keras.layers.Dropout(dropout)(pooled)
    probabilities = keras.layers.Dense(labels, activation="softmax", name="probabilities")(dropped)
    return keras.Model(inputs=inputs, outputs=probabilities, name="sentiment")


class MaskedMean(keras.layers.Layer):
    """The mean of the token vectors [B, L, width] where the mask [B, L] is not 0."""

    def call(self, vectors: Any, mask: Any) -> Any:
        weights = tf.cast(mask, vectors.dtype)[:, :, tf.newaxis]
        return tf.reduce_sum(vectors * weights, axis=1) / tf.maximum(tf.reduce_sum(weights, axis=1), 1.0)


def _encoder(architecture: Architecture, weights: str | None) -> Any:
    """What TFAutoModel gives, without the four seconds in which it imports the settings of every architecture."""
    import transformers
    from transformers.models.auto.modeling_tf_auto import TF_MODEL_MAPPING_NAMES

    settings = dict(architecture)
    model_type = settings.pop("model_type", None)
    if model_type not in TF_MODEL_MAPPING_NAMES:
        raise InputError(
            "the encoder must be of a type that transformers has for TensorFlow",
            found=repr(model_type),
            do="Name another.",
        )
    encoder = getattr(transformers, TF_MODEL_MAPPING_NAMES[model_type])
    extra = {"add_pooling_layer": False} if architecture["pooling"] == "mean" else {}
    if weights is None:
        return encoder(transformers.AutoConfig.for_model(model_type, **settings), **extra)
    try:
        return encoder.from_pretrained(weights, **extra)
    except (OSError, ImportError, ValueError) as error:
        raise not_found(weights, error) from None


BUILDERS: dict[str, Builder] = {"custom": _custom}
