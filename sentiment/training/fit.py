"""The training loop: Adam, a learning rate that warms up and decays, a progress line, a check for NaN.

It replaces Keras' `fit`: without AutoGraph, and with one trace for all shapes, it starts in 2 s instead of 6.
"""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentiment.errors import InputError
from sentiment.model.arithmetic import in_use
from sentiment.model.batches import Encoded, epoch, hide
from sentiment.model.compiling import TRAINING, Shape, shapes
from sentiment.model.curves import Curves, best_epoch, out_of_patience
from sentiment.model.folder import OpenedModel
from sentiment.model.forward import worth_compiling
from sentiment.model.metrics import measure
from sentiment.model.scoring import Scorer
from sentiment.model.soft import Soft, cross_entropy
from sentiment.progress import progress
from sentiment.step import say
from sentiment.tensorflow_setup import tf
from sentiment.training.class_weights import class_weights
from sentiment.training.hyperparameters import Hyperparameters
from sentiment.training.memory import enough_memory
from sentiment.training.randomness import draw_of_epoch, generators_of, reseed
from sentiment.training.resume import Unfinished
from sentiment.training.table import pieces_of
from sentiment.training.tensorboard import EpochLog
from sentiment.training.training_step import adam, learning_rate, training_step


@dataclass(frozen=True)
class Environment:
    """The circumstances of a training that do not decide what it learns.

    What XLA compiles multiplies in the arithmetic of the process, see `model.arithmetic`. If `strategy` is None,
    TensorFlow's current one is used. Without `unfinished`, the training cannot be resumed.
    """

    strategy: Any = None
    scales_loss: bool = False
    on_one_cpu: bool = False  # there, XLA compiles shapes of batches, and the rows of the table that change are known
    unfinished: Unfinished | None = None
    log: EpochLog | None = None


def fit(
    start: OpenedModel,
    train: Encoded,
    held_out: Encoded | None,
    settings: Hyperparameters,
    scorer: Scorer,
    environment: Environment = Environment(),
) -> Curves:
    """Trains the Keras model of `start` in place; an interrupted training is resumed.

    Raises: InputError when the loss is no longer a number, or when a batch does not fit into memory.
    """
    fitting = Fitting(start, train, settings, environment)
    curves = fitting.resume()
    begin = time.monotonic() - curves.seconds
    with progress(len(train) * settings.num_epochs, "train", done=len(train) * curves.epochs) as line:
        while curves.epochs < settings.num_epochs and not out_of_patience(curves.val_loss, settings.early_stopping):
            epoch_begin = time.monotonic()
            fitting.run_epoch(curves, line)
            rate = len(train) / (time.monotonic() - epoch_begin)
            if held_out is not None:
                fitting.validate(curves, held_out, scorer)
            curves.seconds = time.monotonic() - begin
            line.write(f"train: epoch {curves.epochs}/{settings.num_epochs}: {curves.describe()}", file=sys.stderr)
            fitting.record(curves, rate)
    fitting.restore_best(curves)
    curves.seconds = time.monotonic() - begin
    return curves


class Fitting:
    """A model in training: its optimizer, its step, and the weights of its best epoch so far."""

    def __init__(self, start: OpenedModel, train: Encoded, settings: Hyperparameters, environment: Environment) -> None:
        self.start, self.train, self.settings, self.environment = start, train, settings, environment
        strategy = environment.strategy or tf.distribute.get_strategy()
        weights = class_weights(settings.class_weights, train.labels, len(start.card.labels))
        with strategy.scope():
            self.optimizer = adam(scales_loss=environment.scales_loss)
        soft = train.soft is not None
        faster: dict[str, Any] = {}
        if environment.on_one_cpu:
            faster = {"compiled": self._compiled(), "pieces": pieces_of(train, [start.tokenizer.mask])}
        self.step = training_step(
            start.keras, self.optimizer, settings.clip_norm, weights, strategy, soft=soft, **faster
        )
        self.state = tf.train.Checkpoint(model=start.keras, optimizer=self.optimizer)
        self.generators = generators_of(start.keras)
        self.steps = math.ceil(len(train) / settings.batch_size)
        self.best: Any = None

    def _compiled(self) -> Collection[Shape]:
        """Returns the shapes of batches to compile, and says how many."""
        counted = shapes(self.train.lengths, self.settings.batch_size, self.settings.max_seq_length)
        whole = Counter({shape: batches * self.settings.num_epochs for shape, batches in counted.items()})
        found = worth_compiling(self.start.keras, whole, TRAINING)
        if found:
            say(f"train: {len(found)} of {len(counted)} shapes of batches are compiled, to multiply in {in_use()}")
        return found

    def resume(self) -> Curves:
        """Restores the last kept epoch, if there is one, and returns the curves so far."""
        unfinished = self.environment.unfinished
        curves = unfinished.find() if unfinished else None
        if not unfinished or not curves:
            return Curves(steps=self.steps)
        if self.settings.early_stopping:
            unfinished.restore(self.state, best_epoch(curves.val_loss))
            self.best = self.start.keras.get_weights()
        unfinished.restore(self.state, curves.epochs)
        curves.resumed_from_epoch = curves.epochs
        say(f"train: resuming the interrupted training after epoch {curves.epochs} of {self.settings.num_epochs}")
        return curves

    def run_epoch(self, curves: Curves, line: Any) -> None:
        """Trains one pass over the rows and adds to `curves`."""
        settings, tokenizer, number = self.settings, self.start.tokenizer, curves.epochs + 1
        draw = draw_of_epoch(settings.seed, number)
        reseed(self.generators, settings.seed, number)
        special = (0, tokenizer.classify, tokenizer.separator)
        batches = epoch(self.train, settings.batch_size, settings.max_seq_length, draw, longest_first=number == 1)
        losses, right = 0.0, 0
        for done, (inputs, rows) in enumerate(batches, start=(number - 1) * self.steps):
            labels, soft = self.train.labels[rows], self.train.soft.only(rows) if self.train.soft else None
            ids = hide(inputs["input_ids"], settings.masked_share, tokenizer.mask, special, draw)
            loss, hits = self.take_step({**inputs, "input_ids": ids}, labels, done, soft)
            losses, right = losses + loss * len(labels), right + hits
            line.set_description_str(f"train: epoch {number}/{settings.num_epochs}", refresh=False)
            line.set_postfix_str(f"loss {loss:.3f}", refresh=False)
            line.update(len(labels))
        curves.loss.append(losses / len(self.train))
        curves.accuracy.append(right / len(self.train))

    def take_step(self, inputs: Any, labels: Any, done: int, soft: Soft | None = None) -> tuple[float, int]:
        """Takes the step after `done` others; returns its loss and its number of right answers."""
        self.optimizer.learning_rate = learning_rate(done, self.steps * self.settings.num_epochs, self.settings)
        rows, length = inputs["input_ids"].shape
        with enough_memory(rows, length, self.settings.batch_size):
            loss, hits = (result.numpy() for result in self.step(inputs, labels, soft))
        _require_number(float(loss), f"in epoch {done // self.steps + 1}, step {done + 1}", self.settings)
        return float(loss), int(hits)

    def validate(self, curves: Curves, held_out: Encoded, scorer: Scorer) -> None:
        """Scores the held-out rows, adds to `curves`, and keeps the weights if they are the best so far."""
        given = answers(scorer, held_out, self.settings)
        measured = measure(held_out.labels, given)
        loss = cross_entropy(held_out.soft, given) if held_out.soft else measured.loss
        _require_number(loss, f"on the held-out rows after epoch {curves.epochs}", self.settings)
        curves.val_loss.append(loss)
        curves.val_accuracy.append(measured.accuracy)
        if self.settings.early_stopping and best_epoch(curves.val_loss) == curves.epochs:
            self.best = self.start.keras.get_weights()

    def record(self, curves: Curves, rows_per_second: float) -> None:
        """Writes the epoch's figures for TensorBoard and keeps its state."""
        if self.environment.log:
            rate = learning_rate(self.steps * curves.epochs - 1, self.steps * self.settings.num_epochs, self.settings)
            speed = {"learning_rate": rate, "rows_per_second": rows_per_second}
            self.environment.log.write(curves.epochs, {**curves.last(), **speed})
        if self.environment.unfinished:
            self.environment.unfinished.keep(self.state, curves)

    def restore_best(self, curves: Curves) -> None:
        """Gives the model the weights of its best epoch, if early stopping is on."""
        curves.kept_epoch = curves.epochs
        if self.best is None:
            return
        curves.kept_epoch = best_epoch(curves.val_loss)
        if curves.kept_epoch < curves.epochs:
            self.start.keras.set_weights(self.best)
        say(
            f"train: ended after epoch {curves.epochs} of {self.settings.num_epochs}; the model has the weights of "
            f"epoch {curves.kept_epoch}, whose val_loss is the lowest ({min(curves.val_loss):.4f})"
        )


def answers(
    scorer: Scorer, encoded: Encoded, settings: Hyperparameters, what: str | None = None
) -> NDArray[np.float32]:
    """Returns the probabilities [rows, labels] for `encoded`. Raises: InputError when memory is too small."""
    with enough_memory(scorer.batch_size, int(encoded.lengths.max()), settings.batch_size):
        return scorer.probabilities(encoded, what)


def _require_number(loss: float, where: str, settings: Hyperparameters) -> None:
    if not math.isfinite(loss):
        raise InputError(
            "the training loss must stay a number",
            found=f"{loss} {where}, at --learning-rate {settings.learning_rate:g}",
            do="Lower --learning-rate.",
        )
