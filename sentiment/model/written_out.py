"""Gradients that are written out: of what TensorFlow would derive, a training step keeps and computes more."""

from __future__ import annotations

import math
from typing import Any

from sentiment.tensorflow_setup import tf


def normed(norm: Any, state: Any, epsilon: float) -> Any:
    """Returns what `bert_layer.normed` does; a step keeps one table for it."""

    @tf.custom_gradient
    def of_weights(state: Any, gamma: Any, beta: Any) -> Any:
        apart = state - tf.reduce_mean(state, -1, keepdims=True)
        scale = tf.math.rsqrt(tf.reduce_mean(tf.square(apart), -1, keepdims=True) + epsilon)
        unit = apart * scale

        def gradient(upstream: Any) -> tuple[Any, Any, Any]:
            to_unit = upstream * gamma
            along = tf.reduce_mean(to_unit * unit, -1, keepdims=True)
            to_state = scale * (to_unit - tf.reduce_mean(to_unit, -1, keepdims=True) - unit * along)
            return to_state, tf.reduce_sum(upstream * unit, 0), tf.reduce_sum(upstream, 0)

        return unit * gamma + beta, gradient

    return of_weights(state, tf.convert_to_tensor(norm.gamma), tf.convert_to_tensor(norm.beta))


@tf.custom_gradient
def gelu(state: Any) -> Any:
    """Returns x · Φ(x), with Φ the normal distribution; a step keeps x alone."""

    def share() -> Any:
        return 0.5 * (1.0 + tf.math.erf(state * math.sqrt(0.5)))

    def gradient(upstream: Any) -> Any:
        density = tf.exp(-0.5 * state * state) / math.sqrt(2.0 * math.pi)
        return upstream * (share() + state * density)

    return state * share(), gradient
