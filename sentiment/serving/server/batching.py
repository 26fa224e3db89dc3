"""Batches concurrent requests with TensorFlow's own batch function."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sentiment.model.tensorflow_setup import tf
from sentiment.serving.server.refusal import Code, Refusal
from sentiment.serving.server.tensors import Array

Run = Callable[[Mapping[str, Array]], Mapping[str, Any]]
LARGEST_REQUEST = 65536  # rows
_numbers = itertools.count()  # every queue has its own name: queues of one name are one queue, across versions


@dataclass(frozen=True)
class Batching:
    """The limits of a queue, one queue for each signature of each version; as batching_parameters_file has them."""

    max_batch_size: int = 32
    batch_timeout_micros: int = 2000
    max_enqueued_batches: int = 100
    num_batch_threads: int = 2


def batched(signature: Any, infos: Mapping[str, Any], limits: Batching) -> Run:
    """Returns a function that answers as `signature`, run over the rows of several callers together.

    Rows of ids of different lengths cannot be joined: they travel as byte strings, and come out padded with zeros to
    the longest row of the batch, so the graph has to derive its own mask. (The real server does the same with
    `pad_variable_length_inputs`, but its filler is each tensor's first element.) A full queue raises UNAVAILABLE.
    """
    names = sorted(infos)
    packed = {name: tf.dtypes.as_dtype(infos[name].dtype) for name in names if _varies(infos[name])}

    def unpack(name: str, rows: Any) -> Any:
        if name not in packed:
            return rows
        length = tf.reduce_max(tf.strings.length(rows))
        return tf.io.decode_raw(rows, packed[name], fixed_length=length)

    @tf.nondifferentiable_batch_function(
        num_batch_threads=limits.num_batch_threads,
        max_batch_size=max(LARGEST_REQUEST, limits.max_batch_size),  # of a request, which is split
        allowed_batch_sizes=list(range(1, limits.max_batch_size + 1)),  # of what runs together; each size, so no filler
        batch_timeout_micros=limits.batch_timeout_micros,
        max_enqueued_batches=limits.max_enqueued_batches,
        autograph=False,
    )
    def run_batch(*rows: Any) -> Any:
        return signature(**{name: unpack(name, value) for name, value in zip(names, rows, strict=True)})

    queue = f"signature_{next(_numbers)}"

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string) if name in packed else _spec(infos[name]) for name in names]
    )
    def enqueue(*rows: Any) -> Any:
        with tf.name_scope(queue):
            return run_batch(*rows)

    def run(arrays: Mapping[str, Array]) -> Mapping[str, Any]:
        _require_equal_rows(arrays, packed)
        outputs: Mapping[str, Any] = enqueue(
            *(tf.constant(_pack(arrays[name]), tf.string) if name in packed else arrays[name] for name in names)
        )
        return outputs

    return run


def _varies(info: Any) -> bool:
    dims = info.tensor_shape.dim
    return len(dims) == 2 and dims[1].size == -1 and tf.dtypes.as_dtype(info.dtype) in (tf.int32, tf.int64)


def _spec(info: Any) -> Any:
    return tf.TensorSpec(tf.TensorShape(info.tensor_shape), tf.dtypes.as_dtype(info.dtype))


def _pack(rows: Array) -> Array:
    packed = np.empty(len(rows), dtype=object)
    packed[:] = [row.tobytes() for row in rows]
    return packed


def _require_equal_rows(arrays: Mapping[str, Array], packed: Mapping[str, Any]) -> None:
    """Refuses what would make the whole batch fail, and so the requests of others."""
    if any(array.ndim == 0 for array in arrays.values()):
        raise Refusal(Code.INVALID_ARGUMENT, "Batching Run() input tensors must have at least one dimension")
    if len({len(array) for array in arrays.values()}) > 1:
        raise Refusal(Code.INVALID_ARGUMENT, "Batching Run() input tensors must have equal 0th-dimension size")
    if len({arrays[name].shape for name in packed}) > 1:
        raise Refusal(Code.INVALID_ARGUMENT, "Batching Run() id inputs of one request must have equal shapes")
