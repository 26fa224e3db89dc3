"""Computes probabilities for posts: one traced forward pass, batches of similar length, rows back in their order."""

from __future__ import annotations

import functools
import time
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sentiment.model import arithmetic
from sentiment.model.batches import Encoded, padded, plan
from sentiment.model.compiling import ANSWERING, Shape, shape_of
from sentiment.model.flat import Compiled, Packed, Plain
from sentiment.model.forward import forward_of, worth_compiling
from sentiment.model.pace import pace_of
from sentiment.progress import progress
from sentiment.results.cost import Pace
from sentiment.tensorflow_setup import tf

if TYPE_CHECKING:
    from tqdm import tqdm

BATCH_SIZE = 64
NEWEST = 4096  # batches whose seconds are kept
AT_ONCE = 2  # batches on a CPU: alone, none keeps all cores busy
Batch = tuple[NDArray[np.int64], Shape | None]  # its rows, and its shape if that is compiled
Answered = tuple[NDArray[np.int64], NDArray[np.float32]]  # the rows of a batch, and their probabilities
INPUTS = {name: tf.TensorSpec((None, None), tf.int32) for name in ("input_ids", "input_mask", "segment_ids")}


class Scorer:
    """A Keras model as a function of posts, traced once for all batch sizes and lengths."""

    def __init__(
        self,
        model: Any,
        max_seq_length: int,
        batch_size: int = BATCH_SIZE,
        *,
        passes: int | None = None,
        exact: bool = False,
    ) -> None:
        """XLA compiles the shapes of batches for which that pays, to multiply in `model.arithmetic`'s bfloat16.

        That depends on all that has been asked so far; with `passes`, on what is asked alone, as if it were asked so
        often. An `exact` one compiles nothing: its answers are float32 throughout.
        """
        self.max_seq_length, self.batch_size = max_seq_length, batch_size
        on_gpu = bool(tf.config.get_visible_devices("GPU"))
        self._model, self._passes, self._compiles = model, passes, not (exact or on_gpu)
        self._at_once = 1 if on_gpu else AT_ONCE
        if self._compiles:
            arithmetic.use(arithmetic.AUTO)
        self.forward, self._fast = (
            tf.function(
                functools.partial(forward_of(model, layers), training=False),
                input_signature=[INPUTS],
                autograph=False,
            )
            for layers in (Plain if on_gpu else Packed, Compiled)
        )
        self._asked: Counter[Shape] = Counter()  # batches of each shape
        self._ran: set[Shape | None] = set()  # the compiled shapes that have been computed; None: all others
        self._seconds: deque[float] = deque(maxlen=NEWEST)  # of full batches, without those for which XLA compiled

    @property
    def pace(self) -> Pace | None:
        """How long a post has taken so far; None before enough full batches."""
        return pace_of(self._seconds, self.batch_size)

    def batches(self, encoded: Encoded) -> Iterator[Answered]:
        """Yields the rows of each batch with their probabilities, float32 [rows, labels]."""
        waiting = deque(self._planned(encoded))
        with ThreadPoolExecutor(self._at_once) as threads:
            while waiting:
                group = self._next(waiting)
                begin = time.perf_counter()
                found = list(threads.map(lambda batch: self._answer(encoded, *batch), group))
                if all(len(rows) == self.batch_size and shape in self._ran for rows, shape in group):
                    self._seconds += [(time.perf_counter() - begin) / len(group)] * len(group)
                self._ran |= {shape for _, shape in group}
                yield from ((rows, answered) for (rows, _), answered in zip(group, found, strict=True))

    def _planned(self, encoded: Encoded) -> list[Batch]:
        batches = plan(encoded.lengths, self.batch_size)
        of_batches = [shape_of(encoded.lengths, rows, self.max_seq_length) for rows in batches]
        compiled = self._worth(Counter(of_batches)) if self._compiles else ()
        return [(rows, shape if shape in compiled else None) for rows, shape in zip(batches, of_batches, strict=True)]

    def _worth(self, counted: Counter[Shape]) -> Collection[Shape]:
        if self._passes is not None:
            repeated = {shape: batches * self._passes for shape, batches in counted.items()}
            return worth_compiling(self._model, repeated, ANSWERING)
        self._asked += counted
        return worth_compiling(self._model, self._asked, ANSWERING)

    def _next(self, waiting: deque[Batch]) -> list[Batch]:
        """Takes the batches that are computed at a time; one alone, if something is traced or compiled for it."""
        group = [waiting.popleft()]
        while waiting and len(group) < self._at_once and {group[-1][1], waiting[0][1]} <= self._ran:
            group.append(waiting.popleft())
        return group

    def _answer(self, encoded: Encoded, rows: NDArray[np.int64], compiled: Shape | None) -> NDArray[np.float32]:
        inputs = padded(encoded, rows, self.max_seq_length)
        ask = self._fast if compiled else self.forward
        answered: NDArray[np.float32] = ask({name: tf.constant(value) for name, value in inputs.items()}).numpy()
        return answered

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
