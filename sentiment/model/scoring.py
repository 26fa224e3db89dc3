"""Computes probabilities for posts: one traced forward pass, batches of similar length, rows back in their order."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sentiment.model.batches import Encoded, padded, plan
from sentiment.progress import progress
from sentiment.tensorflow_setup import tf

if TYPE_CHECKING:
    from tqdm import tqdm

BATCH_SIZE = 64
INPUTS = {name: tf.TensorSpec((None, None), tf.int32) for name in ("input_ids", "input_mask", "segment_ids")}


class Scorer:
    """A Keras model as a function of posts, traced once for all batch sizes and lengths."""

    def __init__(self, model: Any, max_seq_length: int, batch_size: int = BATCH_SIZE) -> None:
        self.max_seq_length, self.batch_size = max_seq_length, batch_size
        self.forward = tf.function(
            lambda inputs: model(inputs, training=False), input_signature=[INPUTS], autograph=False
        )

    def probabilities(
        self, encoded: Encoded, what: str | None = None, line: tqdm[Any] | None = None
    ) -> NDArray[np.float32]:
        """Returns float32 [rows, labels] in the order of `encoded`.

        Reports progress as `what`, if given; otherwise in `line`, which may also cover other work.
        """
        parts: list[NDArray[np.float32]] = []
        batches = plan(encoded.lengths, self.batch_size)
        with progress(len(encoded), what) if what else nullcontext(line) as shown:
            for rows in batches:
                inputs = padded(encoded, rows, self.max_seq_length)
                parts.append(self.forward({name: tf.constant(value) for name, value in inputs.items()}).numpy())
                if shown is not None:
                    shown.update(len(rows))
        ordered = np.empty_like(np.concatenate(parts))
        ordered[np.concatenate(batches)] = np.concatenate(parts)
        return ordered
