"""The classifier of each model type: an encoder, and the layers that turn its output into `probabilities`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sentiment.errors import InputError
from sentiment.lean import importing
from sentiment.model import hub_encoder, model_type, pretrained
from sentiment.model.encoder import Architecture
from sentiment.model.model_type import CUSTOM, ORIGIN, TF_HUB
from sentiment.model.temperature import LEAD
from sentiment.tensorflow_setup import keras, tf

Inputs = dict[str, Any]
Activation = Callable[[Any], Any] | str
Builder = Callable[[Inputs, Architecture, int, float, Path | None, Activation], Any]
NAMES = ("input_ids", "input_mask", "segment_ids")
BUILDING_ERRORS = (
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, NotImplementedError),
    *(tf.errors.InvalidArgumentError, tf.errors.UnimplementedError, tf.errors.OutOfRangeError),
)


def build(
    kind: str,
    architecture: Architecture,
    *,
    labels: int,
    dropout: float,
    weights: Path | None = None,
    temperature: float = 1.0,
) -> Any:
    """Returns the Keras model: int32 [B, L] `input_ids`, `input_mask`, `segment_ids` → float32 [B, labels].

    `weights` is a checkpoint's file of weights to start from; None leaves every weight at its random start. For a
    TF-Hub model it is the folder of the encoder's SavedModel, and it is required. The logits are divided by
    `temperature`; a model that is going to be trained has none, 1.
    """
    builder = BUILDERS[model_type.require_known_type(kind)]
    inputs = {name: keras.layers.Input(shape=(None,), dtype=tf.int32, name=name) for name in NAMES}
    # AutoGraph would spend 5 s of CPU on every layer's source, which has no Python control flow over tensors.
    outputs = tf.autograph.experimental.do_not_convert(builder)(
        inputs, architecture, labels, dropout, weights, softmax_at(temperature)
    )
    return keras.Model(inputs=inputs, outputs=outputs, name="sentiment")


def softmax_at(temperature: float) -> Activation:
    """Returns how logits [B, labels] become probabilities, the one place where they do.

    It is `temperature.rescaled` as a graph: whatever label had the largest probability at temperature 1 has it still.
    """
    if temperature == 1:
        return "softmax"  # Keras knows it by this name, and then computes the loss from the logits

    def calibrated(logits: Any) -> Any:
        plain = tf.nn.softmax(logits)
        best = plain >= tf.reduce_max(plain, axis=-1, keepdims=True)
        below = (logits - tf.reduce_max(logits, axis=-1, keepdims=True)) / temperature
        return tf.nn.softmax(tf.where(best, 0.0, tf.minimum(below, -LEAD)))

    return calibrated


def _custom(
    inputs: Inputs, architecture: Architecture, labels: int, dropout: float, weights: Path | None, softmax: Activation
) -> Any:
    """`TFAutoModel` + dropout + dense softmax, like the older tool's `custom`."""
    mean = architecture.get("pooling") == "mean"
    names = _classes("TF_MODEL_MAPPING_NAMES")
    encoder = _transformer(names, architecture, weights, **({"add_pooling_layer": False} if mean else {}))
    encoded = _call(encoder, inputs)
    if mean:
        pooled = MaskedMean(name="mean")(encoded.last_hidden_state, inputs["input_mask"])
        return _head(pooled, labels, dropout, softmax)
    if getattr(encoded, "pooler_output", None) is None:
        raise InputError(
            f"the encoder of a {CUSTOM} model must have a pooled output",
            found=f"a {architecture['model_type']!r} encoder, which has none",
            do=f"Name a BERT or ALBERT encoder, or use --model-type {ORIGIN}.",
        )
    return _head(encoded.pooler_output, labels, dropout, softmax)


def _origin(
    inputs: Inputs, architecture: Architecture, labels: int, dropout: float, weights: Path | None, softmax: Activation
) -> Any:
    """`TFBertForSequenceClassification`, or the same of another architecture, + softmax."""
    names = _classes("TF_MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES")
    settings = {**architecture, "num_labels": labels}
    # BERT uses one name, ALBERT the other.
    settings |= {"classifier_dropout": dropout, "classifier_dropout_prob": dropout}
    classifier = _transformer(names, settings, weights)
    logits = _call(classifier, inputs).logits
    return keras.layers.Activation(softmax, name="probabilities", dtype=tf.float32)(logits)


def _tf_hub(
    inputs: Inputs, architecture: Architecture, labels: int, dropout: float, weights: Path | None, softmax: Activation
) -> Any:
    """A TF-Hub encoder + dropout + dense softmax, like the older tool's `tf-hub`."""
    if weights is None:
        raise InputError(
            f"a {TF_HUB} model must have the SavedModel of its encoder", found="none", do="Name one with --model-name."
        )
    return _head(hub_encoder.pooled(weights, inputs), labels, dropout, softmax)


def _head(pooled: Any, labels: int, dropout: float, softmax: Activation) -> Any:
    """Dropout + dense softmax, in float32 under every precision policy."""
    dropped = keras.layers.Dropout(dropout)(pooled)
    return keras.layers.Dense(labels, activation=softmax, name="probabilities", dtype=tf.float32)(dropped)


class MaskedMean(keras.layers.Layer):
    """The mean of the token vectors [B, L, width] where the mask [B, L] is not 0."""

    def call(self, vectors: Any, mask: Any) -> Any:
        vectors = tf.cast(vectors, tf.float32)  # under mixed precision, sums of 16-bit numbers would lose digits
        weights = tf.cast(mask, tf.float32)[:, :, tf.newaxis]
        return tf.reduce_sum(vectors * weights, axis=1) / tf.maximum(tf.reduce_sum(weights, axis=1), 1.0)


def _classes(table: str) -> dict[str, str]:
    """Returns transformers' table of TF class names by architecture."""
    with importing("transformers"):
        from transformers.models.auto import modeling_tf_auto

    names: dict[str, str] = getattr(modeling_tf_auto, table)
    return names


def _transformer(names: dict[str, str], architecture: Architecture, weights: Path | None, **options: Any) -> Any:
    """Returns what TFAutoModel would, without the four seconds in which that imports every architecture's settings."""
    import transformers

    settings = dict(architecture)
    kind = settings.pop("model_type", None)
    if not isinstance(kind, str) or kind not in names:
        raise InputError(
            "the encoder must be of a type that transformers has for TensorFlow",
            found=f"{kind!r:.80}",
            do="Name a BERT or ALBERT encoder.",
        )
    settings.pop("pooling", None)
    if weights is not None:
        pretrained.require_room(architecture, weights)
    with buildable(kind):
        made = getattr(transformers, names[kind])(transformers.AutoConfig.for_model(kind, **settings), **options)
        if weights is not None:
            made.build_in_name_scope()
    if weights is not None:
        pretrained.load(made, weights)
    return made


@contextmanager
def buildable(kind: str) -> Iterator[None]:
    """Raises: InputError when an encoder of transformers cannot be built, because its settings do not go together."""
    try:
        yield
    except BUILDING_ERRORS as error:
        raise InputError(
            f"the settings of an encoder must be those of a {kind} that transformers can build",
            found=f"{type(error).__name__}: {' '.join(str(error).split())[:150]}",
            do="Fetch the encoder again from its publisher, or name another one.",
        ) from None


def _call(model: Any, inputs: Inputs) -> Any:
    with buildable(model.config.model_type):
        return model(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["input_mask"],
            token_type_ids=inputs["segment_ids"],
            return_dict=True,
        )


BUILDERS: dict[str, Builder] = {CUSTOM: _custom, ORIGIN: _origin, TF_HUB: _tf_hub}
