"""One layer of a BERT as a function of its weights, so that XLA can compile one for all layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from sentiment.model import written_out
from sentiment.tensorflow_setup import tf

Product = Callable[[Any, Any], Any]  # computes a dense layer, as `dense` does
Activation = Callable[[Any], Any]


class Dense(NamedTuple):
    kernel: Any
    bias: Any


class Norm(NamedTuple):
    gamma: Any
    beta: Any


class Layer(NamedTuple):
    """A layer's weights: Keras' layers, or tensors by the same names."""

    query: Any
    key: Any
    value: Any
    output: Any
    heard: Any  # a norm
    wide: Any
    narrow: Any
    done: Any  # a norm


Drop = tuple[Any, float]


class Drawn(NamedTuple):
    """What decides which of a layer's numbers a training drops: one of 0 to 1 for each, and the rate.

    None where none are dropped.
    """

    shares: Drop | None
    output: Drop | None
    narrow: Drop | None


class Places(NamedTuple):
    """Where vectors stand that are kept without those of empty places: the state is then [N, width].

    `taken` [N] are places of the grid [rows · pieces]; `grid` [rows · pieces] has for each place which vector it takes:
    an empty one that of its row's first piece, which nobody hears.
    """

    taken: Any
    grid: Any


class Kind(NamedTuple):
    """What all layers of a BERT have in common."""

    heads: int
    epsilon: float
    activation: Activation
    learning: Activation  # the activation, with a gradient that is written out where there is one


def dense(layer: Any, state: Any) -> Any:
    """Returns what a dense layer makes of the vectors [N, width], without its activation."""
    return tf.nn.bias_add(tf.matmul(state, layer.kernel), layer.bias)


def kind_of(bert: Any) -> Kind:
    from transformers.activations_tf import get_tf_activation

    config = bert.config
    activation = get_tf_activation(config.hidden_act)
    learning = written_out.gelu if config.hidden_act == "gelu" else activation
    return Kind(config.num_attention_heads, config.layer_norm_eps, activation, learning)


def of_keras(layer: Any) -> Layer:
    attention, first, second = layer.attention.self_attention, layer.attention.dense_output, layer.bert_output
    return Layer(
        query=attention.query,
        key=attention.key,
        value=attention.value,
        output=first.dense,
        heard=first.LayerNorm,
        wide=layer.intermediate.dense,
        narrow=second.dense,
        done=second.LayerNorm,
    )


def as_tensors(layer: Layer) -> Layer:
    """Returns the weights themselves, which a compiled function takes as arguments."""

    def read(part: Any) -> Dense | Norm:
        if hasattr(part, "kernel"):
            return Dense(tf.convert_to_tensor(part.kernel), tf.convert_to_tensor(part.bias))
        return Norm(tf.convert_to_tensor(part.gamma), tf.convert_to_tensor(part.beta))

    return Layer(*map(read, layer))


def passed(
    kind: Kind,
    layer: Layer,
    state: Any,
    unseen: Any,
    drawn: Drawn | None,
    product: Product,
    places: Places | None = None,
) -> Any:
    """Returns the vectors after a layer; what is `drawn` tells that this is a training."""
    unseen = tf.stop_gradient(unseen)  # its gradient would be computed, and never used
    activation, norm = (kind.activation, normed) if drawn is None else (kind.learning, written_out.normed)
    heard = product(layer.output, _attended(kind, layer, state, unseen, drawn, product, places))
    state = norm(layer.heard, _only(heard, drawn and drawn.output) + state, kind.epsilon)
    narrow = product(layer.narrow, activation(product(layer.wide, state)))
    return norm(layer.done, _only(narrow, drawn and drawn.narrow) + state, kind.epsilon)


def normed(norm: Any, state: Any, epsilon: float) -> Any:
    """Returns each vector with mean 0 and variance 1, scaled and moved."""
    apart = state - tf.reduce_mean(state, -1, keepdims=True)
    variance = tf.reduce_mean(tf.square(apart), -1, keepdims=True)
    return apart * tf.math.rsqrt(variance + epsilon) * norm.gamma + norm.beta


def _only(numbers: Any, drop: Drop | None) -> Any:
    """Returns the numbers after dropout."""
    if drop is None:
        return numbers
    uniform, rate = drop
    return tf.where(uniform >= rate, numbers / (1.0 - rate), 0.0)


def _attended(
    kind: Kind, layer: Layer, state: Any, unseen: Any, drawn: Drawn | None, product: Product, places: Places | None
) -> Any:
    rows, pieces = tf.shape(unseen)[0], tf.shape(unseen)[3]
    size = state.shape[1] // kind.heads

    def apart(part: Any) -> Any:
        vectors = product(part, state)
        if places:
            vectors = tf.gather(vectors, places.grid)
        return tf.transpose(tf.reshape(vectors, (rows, pieces, kind.heads, size)), (0, 2, 1, 3))

    query, key, value = (apart(part) for part in (layer.query, layer.key, layer.value))
    # Scores are divided by √size. There are more of them than there are numbers of queries.
    scores = tf.matmul(query * (1.0 / math.sqrt(size)), key, transpose_b=True) + unseen
    shares = _only(tf.nn.softmax(scores), drawn and drawn.shares)
    heard = tf.reshape(tf.transpose(tf.matmul(shares, value), (0, 2, 1, 3)), (-1, kind.heads * size))
    return tf.gather(heard, places.taken) if places else heard
