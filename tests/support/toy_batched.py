"""A toy SavedModel that batches in its graph, as an export does, and tells in its answers what shared a batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

HELD = 7  # an id: its batch is computed when the gate exists
LENGTHS = (4, 8, 16)
TURNS = (32, 32, 2)  # the most rows of a batch of each length


def save_batched_toy(folder: Path, gate: Path, bias: float = 0.0) -> None:
    """Saves a model whose `probabilities` are [the sum of a row's ids + `bias`, columns, rows], as they were computed.

    A text counts as one id, 1, for each of its bytes.
    """
    from sentiment.export.batched import batched, require_rows, used
    from sentiment.export.buckets import Bucket
    from sentiment.tensorflow_setup import tf

    buckets = [
        Bucket(length, tuple(1 << power for power in range(most.bit_length())))
        for length, most in zip(LENGTHS, TURNS, strict=True)
    ]

    class Toy(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bias = tf.Variable(bias)

        def forward(self, inputs: Any) -> Any:
            ids = inputs["input_ids"]
            held = tf.reduce_any(ids == HELD)
            found = tf.cond(held, lambda: opened(str(gate)), lambda: tf.constant(1))
            rows, columns = tf.unstack(tf.cast(tf.shape(ids), tf.float32))
            sums = tf.reduce_sum(tf.cast(ids * inputs["input_mask"], tf.float32), 1) + self.bias
            with tf.control_dependencies([found]):
                return tf.stack([sums, tf.zeros_like(sums) + columns, tf.zeros_like(sums) + rows], 1)

    toy = Toy()
    compute = batched(toy.forward, buckets, 3)
    names = ("input_ids", "input_mask", "segment_ids")

    def of_ids(**inputs: Any) -> dict[str, Any]:
        return {"probabilities": compute(used(require_rows(inputs, 2)))}

    def of_text(text: Any) -> dict[str, Any]:
        lengths = tf.strings.length(require_rows({"text": text}, 1)["text"])
        ids = tf.cast(tf.sequence_mask(lengths), tf.int32)
        return {"probabilities": compute(dict.fromkeys(names, ids))}

    ids = {name: tf.TensorSpec((None, None), tf.int32, name=name) for name in names}
    text = tf.TensorSpec((None,), tf.string, name="text")
    signatures = {
        "serving_default": tf.function(of_ids, autograph=False).get_concrete_function(**ids),
        "text": tf.function(of_text, autograph=False).get_concrete_function(text=text),
    }
    tf.saved_model.save(toy, str(folder), signatures=signatures)


def opened(gate: str) -> Any:
    """Returns when the gate exists."""
    from sentiment.tensorflow_setup import tf

    def look(found: Any) -> Any:
        nothing = tf.strings.substr(tf.strings.as_string(found), 0, 0)  # so that it is not looked for only once
        return tf.size(tf.io.matching_files(tf.strings.join([gate, nothing])))

    (found,) = tf.while_loop(lambda found: tf.equal(found, 0), lambda found: [look(found)], [tf.constant(0)])
    return found


def ids_of(rows: int, columns: int, piece: int = 1) -> dict[str, Any]:
    """Returns the inputs of a request: `rows` rows of `columns` equal ids."""
    ids = np.full((rows, columns), piece, np.int32)
    return {"input_ids": ids, "input_mask": np.ones_like(ids), "segment_ids": np.zeros_like(ids)}
