"""The table of pieces in a training: only the rows change of which the posts have the piece.

The table of bert-base-chinese has 21,128 rows, more than half of a small model's numbers, of which 2,000 posts have one
in six. Adam moves a row whose gradient is 0 by what earlier gradients left, and a row that never had one not at all. So
gradient, moments and changes are computed for the other rows alone, with the same result.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from sentiment.model.batches import Encoded, Ints
from sentiment.tensorflow_setup import keras, tf

PADDING = 0
PAYS = 0.5  # share of a table's rows, above which all of them are faster


def pieces_of(encoded: Encoded, others: Collection[int]) -> Ints:
    """Returns the pieces of all rows and the `others`, each once, in their order."""
    found: Ints = np.unique(np.concatenate([*encoded.ids, np.array([PADDING, *others], np.int32)]))
    return found


class Rows:
    """The rows of a `table` [pieces, width] that a training can change: those of `pieces`."""

    def __init__(self, table: Any, pieces: Ints) -> None:
        self.table, self._pieces = table, tf.constant(pieces)
        places = np.zeros(table.shape[0], np.int32)
        places[pieces] = np.arange(len(pieces))
        self._places = tf.constant(places)

    @classmethod
    def that_pay(cls, table: Any, pieces: Ints | None) -> Rows | None:
        """Returns them, or None where it would be no faster, or where there is no such table."""
        if table is None or pieces is None or len(pieces) > PAYS * table.shape[0]:
            return None
        return cls(table, pieces)

    def of(self, gradient: Any) -> Any:
        """Returns a lookup's gradient with one part for each of the rows, in which all parts of a row are added up."""
        places = tf.gather(self._places, gradient.indices)
        summed = tf.math.unsorted_segment_sum(gradient.values, places, tf.size(self._pieces))
        return tf.IndexedSlices(summed, self._pieces, gradient.dense_shape)


class Adam(keras.optimizers.legacy.Adam):
    """Keras' Adam; of a gradient with parts, it changes their rows alone. Each row must have one part at most.

    Without parts, it is one fused operation per variable; the newer Adam takes a third longer.
    """

    def _resource_apply_sparse_duplicate_indices(
        self, grad: Any, handle: Any, indices: Any, apply_state: Any = None
    ) -> Any:
        known = apply_state[handle.device, handle.dtype.base_dtype]
        means, squares = self.get_slot(handle, "m"), self.get_slot(handle, "v")
        mean, square = tf.gather(means, indices), tf.gather(squares, indices)
        mean += (grad - mean) * known["one_minus_beta_1_t"]
        square += (grad * grad - square) * known["one_minus_beta_2_t"]
        change = known["lr"] * mean / (tf.sqrt(square) + known["epsilon"])
        return tf.group(
            means.scatter_update(tf.IndexedSlices(mean, indices)),
            squares.scatter_update(tf.IndexedSlices(square, indices)),
            handle.scatter_sub(tf.IndexedSlices(change, indices)),
        )
