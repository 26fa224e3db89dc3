"""Computes probabilities for posts: one traced forward pass, batches of similar length, rows back in their order."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sentiment.model.batches import Encoded, padded, plan
from sentiment.model.forward import forward_of
from sentiment.model.pace import pace_of
from sentiment.progress import progress
from sentiment.results.cost import Pace
from sentiment.tensorflow_setup import tf

if TYPE_CHECKING:
    from tqdm import tqdm

BATCH_SIZE = 64
NEWEST = 4096  # batches whose seconds are kept
Answered = tuple[NDArray[np.int64], NDArray[np.float32]]  # the rows of a batch, and their probabilities
INPUTS = {name: tf.TensorSpec((None, None), tf.int32) for name in ("input_ids", "input_mask", "segment_ids")}


class Scorer:
    """A Keras model as a function of posts, traced once for all batch sizes and lengths."""

    def __init__(self, model: Any, max_seq_length: int, batch_size: int = BATCH_SIZE) -> None:
        self.max_seq_length, self.batch_size = max_seq_length, batch_size
        ask = forward_of(model)
        self.forward = tf.function(
            lambda inputs: ask(inputs, training=False), input_signature=[INPUTS], autograph=False
        )
        self._compiled = False
        self._seconds: deque[float] = deque(maxlen=NEWEST)  # of full batches, without the first

    @property
    def pace(self) -> Pace | None:
        """How long a post has taken so far; None before enough full batches."""
        return pace_of(self._seconds, self.batch_size)

    def batches(self, encoded: Encoded) -> Iterator[Answered]:
        """Yields the rows of each batch with their probabilities, float32 [rows, labels]."""
        for rows in plan(encoded.lengths, self.batch_size):
            begin = time.perf_counter()
            inputs = padded(encoded, rows, self.max_seq_length)
            found = self.forward({name: tf.constant(value) for name, value in inputs.items()}).numpy()
            if self._compiled and len(rows) == self.batch_size:
                self._seconds.append(time.perf_counter() - begin)
            self._compiled = True
            yield rows, found

    def probabilities(
        self, encoded: Encoded, what: str | None = None, line: tqdm[Any] | None = None
    ) -> NDArray[np.float32]:
        """Returns float32 [rows, labels] in the order of `encoded`.

        Reports progress as `what`, if given; otherwise in `line`, which may also cover other work.
        """
        parts: list[Answered] = []
        with progress(len(encoded), what) if what else nullcontext(line) as shown:
            for rows, found in self.batches(encoded):
                parts.append((rows, found))
                if shown is not None:
                    shown.update(len(rows))
        return in_order(parts)


def in_order(parts: Iterable[Answered]) -> NDArray[np.float32]:
    """Returns the probabilities of all batches, float32 [rows, labels], in the order of the rows."""
    rows, found = (np.concatenate(column) for column in zip(*parts, strict=True))
    ordered: NDArray[np.float32] = np.empty_like(found)
    ordered[rows] = found
    return ordered
