"""The training loop: Adam, a learning rate that warms up and decays, a progress line, a check for NaN.

It is written out instead of Keras' `fit`: AutoGraph off and one trace for every shape start it in 2 s instead of 6.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sentiment.errors import InputError
from sentiment.model.batches import Encoded, epoch, hide
from sentiment.model.folder import OpenedModel
from sentiment.model.hyperparameters import Hyperparameters
from sentiment.model.metrics import measure
from sentiment.model.scoring import INPUTS, Scorer
from sentiment.model.tensorflow_setup import keras, tf
from sentiment.progress import progress


@dataclass
class Curves:
    """Figures by epoch; those with `val_` are empty when no rows were held out. Seconds are of the whole loop."""

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    steps: int = 0
    seconds: float = 0.0


def learning_rate(step: int, total: int, settings: Hyperparameters) -> float:
    """Rises to the peak in the first steps, then falls on a line to 0, as BERT was fine-tuned. `step` counts from 0."""
    warm_up = max(1, round(total * settings.warm_up_share))
    return settings.learning_rate * min((step + 1) / warm_up, (total - step) / (total + 1 - warm_up))


def fit(
    start: OpenedModel, train: Encoded, held_out: Encoded | None, settings: Hyperparameters, scorer: Scorer
) -> Curves:
    """Trains the Keras model of `start` in place. InputError when the loss stops being a number."""
    begin = time.monotonic()
    curves = Curves(steps=math.ceil(len(train) / settings.batch_size))
    total = curves.steps * settings.num_epochs
    optimizer = keras.optimizers.legacy.Adam()  # one fused operation a variable; Keras' newer Adam takes a third longer
    take_step = _training_step(start.keras, optimizer, settings.clip_norm)
    special = (0, start.tokenizer.classify, start.tokenizer.separator)
    draw = np.random.default_rng(settings.seed)
    done = 0
    with progress(len(train) * settings.num_epochs, "train") as line:
        for number in range(1, settings.num_epochs + 1):
            losses, right = 0.0, 0
            for inputs, labels in epoch(train, settings.batch_size, settings.max_seq_length, draw):
                ids = hide(inputs["input_ids"], settings.masked_share, start.tokenizer.mask, special, draw)
                optimizer.learning_rate = learning_rate(done, total, settings)
                loss, hits = (result.numpy() for result in take_step({**inputs, "input_ids": ids}, labels))
                done += 1
                _require_number(float(loss), number, done, settings)
                losses, right = losses + float(loss) * len(labels), right + int(hits)
                line.set_postfix_str(f"epoch {number}/{settings.num_epochs}, loss {loss:.3f}", refresh=False)
                line.update(len(labels))
            curves.loss.append(losses / len(train))
            curves.accuracy.append(right / len(train))
            if held_out is not None:
                measured = measure(held_out.labels, scorer.probabilities(held_out))
                curves.val_loss.append(measured.loss)
                curves.val_accuracy.append(measured.accuracy)
    curves.seconds = time.monotonic() - begin
    return curves


def _training_step(model: Any, optimizer: Any, clip_norm: float) -> Any:
    """Returns a function of (inputs, labels [B]) → (mean loss, right answers), traced once for every shape."""
    weights = model.trainable_variables
    # The optimizer makes its variables at its first step; inside the function that would be a second trace.
    optimizer.apply_gradients((tf.zeros_like(weight), weight) for weight in weights)
    optimizer.iterations.assign(0)

    def step(inputs: Any, labels: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            probabilities = model(inputs, training=True)
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels, probabilities))
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, weights), clip_norm)
        optimizer.apply_gradients(zip(gradients, weights, strict=True))
        hits = tf.argmax(probabilities, axis=1, output_type=tf.int32) == labels
        return loss, tf.reduce_sum(tf.cast(hits, tf.int32))

    return tf.function(step, input_signature=[INPUTS, tf.TensorSpec((None,), tf.int32)], autograph=False)


def _require_number(loss: float, number: int, done: int, settings: Hyperparameters) -> None:
    if not math.isfinite(loss):
        raise InputError(
            "the training loss must stay a number",
            found=f"{loss} in epoch {number}, step {done}, at --learning-rate {settings.learning_rate:g}",
            do="Lower --learning-rate.",
        )
