"""A step on several devices: its parts are dealt to them in turn, and each adds up the gradients of its own.

Gradients add up, so the sums of all devices together are those of one: the result is the same but for rounding. The
first device makes the step. Before the next one the others take its weights, so a resumed pretraining needs nothing of
theirs.

Each device has a thread that gives it one part after the other and waits for their losses. This is not tf.distribute:
under its MirroredStrategy on two logical CPUs, what XLA compiled hung when it was tried.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sentiment.pretraining.filled import Filled
from sentiment.pretraining.network import Adding, Learning
from sentiment.tensorflow_setup import tf


class Together:
    """A model that learns on the devices of these `names`, with a copy on each but the first."""

    def __init__(self, names: Sequence[str], model: Callable[[], Any], weight_decay: float) -> None:
        self.names = list(names)
        with tf.device(names[0]):
            self.first = Learning(model(), weight_decay)
        self._copies = [_copy(name, model) for name in names[1:]]
        self._threads = ThreadPoolExecutor(len(names), "device")

    def add(self, parts: Sequence[Filled]) -> float:
        """Adds the gradients of all parts to the sums of the first device; returns the sum of their losses."""
        others = list(zip(self.names[1:], self._copies, strict=True))[: len(parts) - 1]
        running = [
            self._threads.submit(self._followed, name, copy, parts[number :: len(self.names)])
            for number, (name, copy) in enumerate(others, 1)
        ]
        loss = _added(self.names[0], self.first, parts[:: len(self.names)])
        loss += sum(found.result() for found in running)  # in their order: the same again gives the same
        for _, copy in others:
            self._collect(copy)
        return loss

    def ask(self, part: Filled) -> tuple[Any, Any]:
        """Returns the sum of a part's losses, and how many of its pieces are said right."""
        with tf.device(self.names[0]):
            found: tuple[Any, Any] = self.first.ask(part.ids, part.there, part.places, part.answers)
        return found

    def step(self, rate: Any, pieces: Any) -> None:
        """Changes the weights by the mean gradient of so many hidden pieces."""
        with tf.device(self.names[0]):
            self.first.step(rate, pieces)

    def _followed(self, name: str, copy: Adding, parts: Sequence[Filled]) -> float:
        with tf.device(name):
            for own, weight in zip(copy.weights, self.first.weights, strict=True):
                own.assign(weight)
        return _added(name, copy, parts)

    def _collect(self, copy: Adding) -> None:
        with tf.device(self.names[0]):
            for total, other in zip(self.first.sums, copy.sums, strict=True):
                total.assign_add(other)
        for other in copy.sums:
            other.assign(tf.zeros_like(other))


def _copy(name: str, model: Callable[[], Any]) -> Adding:
    with tf.device(name):
        return Adding(model())


def _added(name: str, learning: Adding, parts: Sequence[Filled]) -> float:
    loss = 0.0
    with tf.device(name):
        for part in parts:
            loss += float(learning.add(part.ids, part.there, part.places, part.answers))
    return loss
