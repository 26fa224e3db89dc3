"""A BERT's forward pass with the weights of transformers' model, in the shape that is fast to learn in.

transformers keeps a batch as [rows, pieces, width]. The gradient of each bias and norm is then a sum over two axes, for
which XLA's code on a CPU needs ten times as long as for one (20 ms and 2 ms, of 4,080 × 1,024): here a batch is
[rows · pieces, width]. A test holds it to transformers' own numbers.
"""

from __future__ import annotations

import math
from typing import Any

from sentiment.tensorflow_setup import tf

HIDDEN = -1e9  # what is added to the score of a place where there is no piece


def encoded(bert: Any, ids: Any, there: Any) -> Any:
    """Returns the vectors of all pieces, float32 [rows · pieces, width]; `there` is 1 where there is a piece."""
    from transformers.activations_tf import get_tf_activation

    rows, pieces = tf.shape(ids)[0], tf.shape(ids)[1]
    activation = get_tf_activation(bert.config.hidden_act)
    unseen = HIDDEN * (1.0 - tf.cast(there, tf.float32))[:, tf.newaxis, tf.newaxis, :]
    state = _embedded(bert.embeddings, ids)
    for layer in bert.encoder.layer:
        heard = _attended(layer.attention.self_attention, state, rows, pieces, unseen)
        output = layer.attention.dense_output
        state = _normed(output.LayerNorm, _dense(output.dense, heard) + state)
        inner = activation(_dense(layer.intermediate.dense, state))
        state = _normed(layer.bert_output.LayerNorm, _dense(layer.bert_output.dense, inner) + state)
    return state


def _embedded(embeddings: Any, ids: Any) -> Any:
    pieces = tf.shape(ids)[1]
    words = tf.gather(embeddings.weight, ids)
    summed = words + embeddings.position_embeddings[:pieces] + embeddings.token_type_embeddings[0]
    return _normed(embeddings.LayerNorm, tf.reshape(summed, (-1, embeddings.weight.shape[1])))


def _dense(layer: Any, state: Any) -> Any:
    return state @ layer.kernel + layer.bias


def _normed(layer: Any, state: Any) -> Any:
    mean = tf.reduce_mean(state, -1, keepdims=True)
    apart = state - mean
    variance = tf.reduce_mean(tf.square(apart), -1, keepdims=True)
    return apart * tf.math.rsqrt(variance + layer.epsilon) * layer.gamma + layer.beta


def _attended(attention: Any, state: Any, rows: Any, pieces: Any, unseen: Any) -> Any:
    heads, size = attention.num_attention_heads, attention.attention_head_size

    def apart(layer: Any) -> Any:
        return tf.transpose(tf.reshape(_dense(layer, state), (rows, pieces, heads, size)), (0, 2, 1, 3))

    query, key, value = (apart(layer) for layer in (attention.query, attention.key, attention.value))
    scores = tf.matmul(query, key, transpose_b=True) / math.sqrt(size) + unseen
    heard = tf.matmul(tf.nn.softmax(scores), value)
    return tf.reshape(tf.transpose(heard, (0, 2, 1, 3)), (-1, heads * size))
