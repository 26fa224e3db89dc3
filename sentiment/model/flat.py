"""A BERT's forward pass with the weights of transformers' model, in the shape that a CPU computes fastest.

transformers keeps a batch as [rows, pieces, width]. The gradient of each bias and norm is then a sum over two axes, for
which XLA's code on a CPU needs ten times as long as for one (20 ms and 2 ms, of 4,080 × 1,024): here a batch is
[rows · pieces, width]. Without XLA, too, it takes a sixth less processor time. Tests hold it to transformers' numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from sentiment.tensorflow_setup import tf

HIDDEN = -1e9  # what is added to the score of a place where there is no piece
Product = Callable[[Any, Any], Any]  # computes a dense layer, as `dense` does


def dense(layer: Any, state: Any) -> Any:
    """Returns what a dense layer makes of the vectors [N, width], without its activation."""
    return tf.nn.bias_add(tf.matmul(state, layer.kernel), layer.bias)


def encoded(
    bert: Any, ids: Any, there: Any, segments: Any = None, *, training: bool = False, product: Product = dense
) -> Any:
    """Returns the vectors of all pieces, float32 [rows · pieces, width]; `there` is 1 where there is a piece.

    Without `segments`, all are the first. `product` computes the dense layers. Dropout draws from the layers' own
    generators, and as many numbers as in transformers' pass.
    """
    from transformers.activations_tf import get_tf_activation

    rows, pieces = tf.shape(ids)[0], tf.shape(ids)[1]
    activation = get_tf_activation(bert.config.hidden_act)
    unseen = HIDDEN * (1.0 - tf.cast(there, tf.float32))[:, tf.newaxis, tf.newaxis, :]
    state = _embedded(bert.embeddings, ids, segments)
    state = bert.embeddings.dropout(state, training=training)
    for layer in bert.encoder.layer:
        heard = _attended(layer.attention.self_attention, state, (rows, pieces), unseen, training, product)
        state = _added(layer.attention.dense_output, heard, state, training, product)
        wide = activation(product(layer.intermediate.dense, state))
        state = _added(layer.bert_output, wide, state, training, product)
    return state


def _embedded(embeddings: Any, ids: Any, segments: Any) -> Any:
    pieces, width = tf.shape(ids)[1], embeddings.weight.shape[1]
    kinds = embeddings.token_type_embeddings
    summed = tf.gather(embeddings.weight, ids) + embeddings.position_embeddings[:pieces]
    state = tf.reshape(summed, (-1, width))
    if segments is None:
        state += kinds[0]
    else:
        # There are two kinds: a sum of products, whose gradient is one too, where a lookup's is a loop in XLA.
        second = tf.cast(tf.reshape(segments, (-1, 1)), tf.float32)
        state += (1.0 - second) * kinds[0] + second * kinds[1]
    return _normed(embeddings.LayerNorm, state)


def _added(layer: Any, new: Any, state: Any, training: bool, product: Product) -> Any:
    return _normed(layer.LayerNorm, layer.dropout(product(layer.dense, new), training=training) + state)


def _normed(layer: Any, state: Any) -> Any:
    mean = tf.reduce_mean(state, -1, keepdims=True)
    apart = state - mean
    variance = tf.reduce_mean(tf.square(apart), -1, keepdims=True)
    return apart * tf.math.rsqrt(variance + layer.epsilon) * layer.gamma + layer.beta


def _attended(attention: Any, state: Any, shape: tuple[Any, Any], unseen: Any, training: bool, product: Product) -> Any:
    heads, size = attention.num_attention_heads, attention.attention_head_size

    def apart(layer: Any) -> Any:
        return tf.transpose(tf.reshape(product(layer, state), (*shape, heads, size)), (0, 2, 1, 3))

    query, key, value = (apart(layer) for layer in (attention.query, attention.key, attention.value))
    scores = tf.matmul(query, key, transpose_b=True) / math.sqrt(size) + unseen
    shares = attention.dropout(tf.nn.softmax(scores), training=training)
    return tf.reshape(tf.transpose(tf.matmul(shares, value), (0, 2, 1, 3)), (-1, heads * size))
