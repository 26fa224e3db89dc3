"""Batching inside the served graph: a request is checked and padded alone, and only then shares a batch.

The model server's own batching mixes requests before anything has looked at them: there one request of a wrong shape
fails, or breaks, everybody's. Here nothing enters a batch that could fail it. The batch function is TensorFlow's
own (`BatchFunction`); its queues and threads belong to the session that loaded the graph, so each version has its own.
(TensorFlow 2's loader has one session for all graphs: so their names are drawn, and no two exports have the same.)
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sentiment.export.buckets import Bucket
from sentiment.model.scoring import INPUTS
from sentiment.model_server.work import BATCHES_AT_ONCE, MOST_ROWS
from sentiment.tensorflow_setup import tf

# Microseconds that a row waits for others. None: while one batch is computed the next fills by itself, and who comes
# alone need not wait.
TIMEOUT = 0
QUEUED_ROWS = 2 * MOST_ROWS  # of one bucket; a request beyond is refused with UNAVAILABLE
Columns = Mapping[str, Any]  # int32 [B, L] by the names of INPUTS
Compute = Callable[[Columns], Any]  # → float32 [B, labels]


def batched(forward: Compute, buckets: Sequence[Bucket], labels: int) -> Compute:
    """Returns a function that answers as `forward`, run over the rows of several callers together.

    Every row must be one that `forward` can compute, whatever stands beside it, and L at most the last bucket's length.
    No rows have no answers. It is for a graph that is being built: several calls share the queues.
    """
    concrete = tf.function(
        lambda *columns: forward(dict(zip(INPUTS, columns, strict=True))),
        input_signature=[tf.TensorSpec((None, None), tf.int32)] * len(INPUTS),
        autograph=False,
    ).get_concrete_function()
    own = secrets.token_hex(8)

    def in_bucket(bucket: Bucket, columns: Sequence[Any], width: Any) -> Any:
        padding = [[0, 0], [0, bucket.length - width]]
        answers = tf.raw_ops.BatchFunction(
            in_tensors=[tf.ensure_shape(tf.pad(column, padding), (None, bucket.length)) for column in columns],
            captured_tensors=concrete.captured_inputs,
            f=concrete,
            Tout=[tf.float32],
            num_batch_threads=BATCHES_AT_ONCE,
            max_batch_size=MOST_ROWS,
            allowed_batch_sizes=bucket.sizes,
            enable_large_batch_splitting=True,
            batch_timeout_micros=TIMEOUT,
            max_enqueued_batches=QUEUED_ROWS // bucket.sizes[-1],
            # Buckets with equal limits share threads, which take the next batch of each queue in turn.
            shared_name=f"{own}_{bucket.sizes[-1]}_rows",
            batching_queue=f"length_{bucket.length}",
        )[0]
        return tf.ensure_shape(answers, (None, labels))

    def answer(inputs: Columns) -> Any:
        columns = [inputs[name] for name in INPUTS]
        rows, width = tf.unstack(tf.shape(columns[0]))
        place = tf.reduce_sum(tf.cast(width > [bucket.length for bucket in buckets], tf.int32))
        ways = [lambda bucket=bucket: in_bucket(bucket, columns, width) for bucket in buckets]
        return tf.switch_case(
            tf.where(rows == 0, 0, 1 + place), [lambda: tf.zeros((0, labels)), *ways], name="by_length"
        )

    return answer


def used(inputs: Columns) -> dict[str, Any]:
    """Returns the columns up to the last that the mask shows in any row, at least one where there is one."""
    mask = inputs["input_mask"]
    seen = tf.reduce_any(mask != 0, axis=0)
    width = tf.reduce_max(tf.where(seen, tf.range(1, tf.shape(mask)[1] + 1), 0))
    return {name: inputs[name][:, : tf.maximum(width, 1)] for name in INPUTS}


def require_rows(inputs: Mapping[str, Any], rank: int) -> dict[str, Any]:
    """Returns the inputs of one request, once they are found to have `rank` dimensions, equal shapes and few rows.

    The session of a model server is fed what a client sent, so what the graph says of a shape need not be so. A request
    that does not fit fails with INVALID_ARGUMENT, alone.
    """
    fed = {name: tf.ensure_shape(value, [None] * rank, name=name) for name, value in inputs.items()}
    first, *others = [tf.shape(value) for value in fed.values()]
    *most, last = fed
    alike = f"{', '.join(most)} and {last} must have the same shape"
    checks = [tf.debugging.Assert(tf.reduce_all(other == first), [alike, first, other]) for other in others]
    checks.append(tf.debugging.Assert(first[0] <= MOST_ROWS, [f"a request must have at most {MOST_ROWS} rows", first]))
    with tf.control_dependencies(checks):
        return {name: tf.identity(value) for name, value in fed.items()}
