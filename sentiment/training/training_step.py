"""One training step: forward, backward, sum of the devices' gradients, clipping, update.

The order matters. Each row is weighted by its share of the *whole* batch, so the sum over the devices is the gradient
that one device would have. The gradient is summed, then float16's scaling is undone, then it is clipped by its true
norm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any, Protocol

import numpy as np

from sentiment.model.batches import Inputs, Ints
from sentiment.model.compiling import Shape
from sentiment.model.flat import Compiled, Layers, Plain
from sentiment.model.forward import forward_of
from sentiment.model.scoring import INPUTS
from sentiment.model.soft import SMALLEST, Soft
from sentiment.tensorflow_setup import keras, tf
from sentiment.training.class_weights import Floats, row_weights
from sentiment.training.hyperparameters import Hyperparameters
from sentiment.training.table import Adam, Rows

SIGNATURE = [INPUTS, tf.TensorSpec((None,), tf.int32), tf.TensorSpec((None,), tf.float32)]
SOFT = (tf.TensorSpec((None, None), tf.float32), tf.TensorSpec((None,), tf.float32))  # targets, and temperatures


class Step(Protocol):
    """A step on rows with labels [B]: returns its loss, and how many of its answers are the labels."""

    def __call__(self, inputs: Inputs, labels: Ints, soft: Soft | None = None) -> tuple[Any, Any]: ...


def adam(*, scales_loss: bool = False) -> Any:
    """Returns the optimizer; with `scales_loss` it has a dynamic loss scale, for float16."""
    optimizer = Adam()
    return keras.mixed_precision.LossScaleOptimizer(optimizer) if scales_loss else optimizer


def training_step(
    model: Any,
    optimizer: Any,
    clip_norm: float,
    class_weights: Floats | None = None,
    strategy: Any = None,
    *,
    soft: bool = False,
    compiled: Collection[Shape] = (),
    pieces: Ints | None = None,
) -> Step:
    """Returns a step, traced once for all shapes; with `soft`, one that learns from soft labels, and must get them.

    The loss is the mean over the rows, each multiplied by the weight of its class, and by its soft label's. A
    `clip_norm` of 0 clips nothing. Model and optimizer must have been made in the scope of `strategy`; None is the
    current one. XLA compiles the shapes that are to be `compiled`, each when it comes for the first time. On one
    device, all rows must be of these `pieces`; None: any.
    """
    strategy = strategy or tf.distribute.get_strategy()
    with strategy.scope():
        optimizer._create_all_weights(model.trainable_variables)  # inside the function, this would cause a second trace
    rows = Rows.that_pay(forward_of(model).table, pieces if strategy.num_replicas_in_sync == 1 else None)

    def traced(learn: Any) -> Any:
        def on_all(inputs: Any, labels: Any, weights: Any, wanted: Any) -> tuple[Any, Any]:
            results = strategy.run(
                lambda *batch: _on_one(
                    learn, model.trainable_variables, rows, optimizer, clip_norm, *map(_own_rows, batch)
                ),
                (inputs, labels, weights, wanted),
            )
            return tuple(strategy.reduce(tf.distribute.ReduceOp.SUM, result, axis=None) for result in results)

        return tf.function(on_all, input_signature=[*SIGNATURE, SOFT if soft else ()], autograph=False)

    plain, fast = (traced(_learning(model, optimizer, layers)) for layers in (Plain, Compiled))

    def take(inputs: Inputs, labels: Ints, soft: Soft | None = None) -> tuple[Any, Any]:
        weights = row_weights(labels, class_weights) * (1 if soft is None else soft.weights)
        devices = strategy.num_replicas_in_sync
        step = fast if inputs["input_ids"].shape in compiled else plain
        loss, hits = step(*evenly(inputs, labels, weights, devices), soft_evenly(soft, devices) if soft else ())
        return loss, hits

    return take


def evenly(inputs: Inputs, labels: Ints, weights: Floats, devices: int) -> tuple[Inputs, Ints, Floats]:
    """Returns the batch filled up to equal parts for the devices: by its first row, without weight or label."""
    missing = -len(labels) % devices
    if not missing:
        return inputs, labels, weights
    filled = {name: np.concatenate([rows, np.repeat(rows[:1], missing, axis=0)]) for name, rows in inputs.items()}
    return filled, np.pad(labels, (0, missing), constant_values=-1), np.pad(weights, (0, missing))


def soft_evenly(soft: Soft, devices: int) -> tuple[Floats, Floats]:
    """Returns targets and temperatures of a batch that is filled up in the same way."""
    missing = -len(soft.targets) % devices
    return np.pad(soft.targets, ((0, missing), (0, 0))), np.pad(soft.temperatures, (0, missing), constant_values=1)


def learning_rate(step: int, total: int, settings: Hyperparameters) -> float:
    """Returns the rate of `step` of `total`: it rises linearly to the peak, then falls as `settings.decay` says.

    `step` counts from 0; the step after the last would have rate 0. The linear decay is that of BERT's fine-tuning
    (Devlin et al. 2018, A.2), the cosine that of Loshchilov and Hutter 2016.
    """
    warm_up = max(1, round(total * settings.warm_up_share))
    if step < warm_up:
        return settings.learning_rate * (step + 1) / warm_up
    done = (step + 1 - warm_up) / (total + 1 - warm_up)
    left = {"linear": 1 - done, "cosine": (1 + math.cos(math.pi * done)) / 2, "none": 1.0}
    return settings.learning_rate * left[settings.decay]


def _own_rows(batch: Any) -> Any:
    """Returns this device's part of a whole batch."""
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return batch

    def part(rows: Any) -> Any:
        count = tf.shape(rows)[0] // context.num_replicas_in_sync
        begin = context.replica_id_in_sync_group * count
        return rows[begin : begin + count]

    return tf.nest.map_structure(part, batch)


def _learning(model: Any, optimizer: Any, layers: Callable[[Any], Layers]) -> Any:
    """Returns a function of a batch: its loss, its right answers, and each weight's gradient, if it has one."""
    ask = forward_of(model, layers)
    scales_loss = isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer)

    def learn(inputs: Any, labels: Any, weights: Any, wanted: Any) -> tuple[Any, Any, Any]:
        with tf.GradientTape() as tape:
            probabilities = tf.cast(ask(inputs, training=True), tf.float32)
            loss = tf.reduce_sum(weights * _losses(probabilities, labels, wanted))
            to_lower = optimizer.get_scaled_loss(loss) if scales_loss else loss
        hits = tf.argmax(probabilities, axis=1, output_type=tf.int32) == labels
        return loss, tf.reduce_sum(tf.cast(hits, tf.int32)), tape.gradient(to_lower, model.trainable_variables)

    return learn


def _on_one(
    learn: Any, all_variables: Any, rows: Rows | None, optimizer: Any, clip_norm: float, *batch: Any
) -> tuple[Any, Any]:
    loss, hits, found = learn(*batch)
    gradients, variables = _present(found, all_variables, rows)
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync > 1:
        gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
    if isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer):
        gradients = optimizer.get_unscaled_gradients(gradients)
    if clip_norm:
        gradients, _ = tf.clip_by_global_norm(gradients, clip_norm)
    optimizer.apply_gradients(zip(gradients, variables, strict=True), experimental_aggregate_gradients=False)
    return loss, hits


def _losses(probabilities: Any, labels: Any, wanted: Any) -> Any:
    """Returns the cross-entropy [B] with the labels or, where there are some, with targets at their temperatures."""
    if wanted == ():
        known = tf.maximum(labels, 0)  # a row that fills up has no label, and no weight
        return keras.losses.sparse_categorical_crossentropy(known, probabilities)
    targets, temperatures = wanted
    logits = tf.math.log(tf.maximum(probabilities, SMALLEST)) / temperatures[:, tf.newaxis]
    return -tf.reduce_sum(targets * tf.nn.log_softmax(logits), axis=1)


def _present(gradients: Any, variables: Any, rows: Rows | None) -> tuple[list[Any], list[Any]]:
    """Leaves out weights on which the loss does not depend, such as a pooler that nothing reads."""
    pairs = [pair for pair in zip(gradients, variables, strict=True) if pair[0] is not None]
    return [_summed(*pair, rows) for pair in pairs], [variable for _, variable in pairs]


def _summed(gradient: Any, variable: Any, rows: Rows | None) -> Any:
    """Returns a lookup's gradient with the parts of a row added up: of some rows, or as a table of its own."""
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    if rows and variable is rows.table:
        return rows.of(gradient)
    return tf.math.unsorted_segment_sum(gradient.values, gradient.indices, gradient.dense_shape[0])
