"""Batches concurrent requests with TensorFlow's own batch function, put into the version's graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sentiment.model_server.parameter_files import Batching
from sentiment.model_server.refusal import Code, Refusal
from sentiment.model_server.saved_graph import Run, SavedGraph, Tensors
from sentiment.model_server.tensors import Array
from sentiment.tensorflow_setup import tf


def batched(saved: SavedGraph, name: str, limits: Batching) -> Run:
    """Returns a function that answers as signature `name`, run over the rows of several callers together.

    With `limits.pad`, rows of ids of different lengths share a batch: they travel as byte strings, and come out padded
    with zeros to the longest row of the batch, so the graph must derive its own mask. (The real server pads with each
    tensor's first element.) Without it, a batch of different lengths fails, as it does there. A full queue raises
    UNAVAILABLE.
    """
    definition = saved.signature_defs[name]
    inputs, outputs = saved.tensors(definition.inputs), saved.tensors(definition.outputs)
    packed = {key: tensor.dtype for key, tensor in inputs.items() if limits.pad and _varies(tensor)}
    part = _Part(saved.graph, inputs, outputs)

    @tf.nondifferentiable_batch_function(
        num_batch_threads=limits.num_batch_threads,
        max_batch_size=limits.max_batch_size,
        allowed_batch_sizes=_allowed_sizes(limits),
        batch_timeout_micros=limits.batch_timeout_micros,
        max_enqueued_batches=limits.max_enqueued_batches,
        enable_large_batch_splitting=limits.split_large,
        autograph=False,
    )
    def run_batch(*rows: Any) -> Any:
        columns = {key: _unpack(values, packed.get(key)) for key, values in zip(inputs, rows, strict=True)}
        return part.copied(columns)

    with saved.graph.as_default(), tf.name_scope(f"batched_{name.strip('_')}"):
        queued = {
            key: tf.compat.v1.placeholder(tf.string, [None])
            if key in packed
            else tf.compat.v1.placeholder(tensor.dtype, tensor.shape)
            for key, tensor in inputs.items()
        }
        results = run_batch(*queued.values())
    call = saved.function(queued, dict(zip(outputs, results, strict=True)))

    alone = saved.function(inputs, outputs)

    def run(arrays: Mapping[str, Array]) -> dict[str, Array]:
        _require_rows(arrays, packed, limits)
        if not any(map(len, arrays.values())):
            return alone(arrays)  # nothing that could share a batch
        return call({key: _pack(array) if key in packed else array for key, array in arrays.items()})

    return run


class _Part:
    """The part of a graph between a signature's inputs and outputs, which can be copied into another graph."""

    def __init__(self, graph: Any, inputs: Tensors, outputs: Tensors) -> None:
        wanted = [tensor.op.name for tensor in outputs.values()]
        self._definition = tf.compat.v1.graph_util.extract_sub_graph(graph.as_graph_def(), wanted)
        operations = [graph.get_operation_by_name(node.name) for node in self._definition.node]
        # Variables and tables are not copied: the copy uses those of the graph.
        self._resources = [
            tensor for op in operations if not op.inputs for tensor in op.outputs if tensor.dtype == tf.resource
        ]
        self._inputs, self._outputs = inputs, [tensor.name for tensor in outputs.values()]
        replaced = {tensor.op.name for tensor in (*self._resources, *inputs.values())}
        kept = [node for node in self._definition.node if node.name not in replaced]
        del self._definition.node[:]
        self._definition.node.extend(kept)
        # The functions that it calls are not copied either: those of a BERT would take seconds.
        self._definition.ClearField("library")

    def copied(self, columns: Tensors) -> Any:
        """Returns the outputs for `columns`, in the graph of the function that is being built."""
        function_graph = next(iter(columns.values())).graph
        known = {tensor.name: columns[key] for key, tensor in self._inputs.items()}
        known |= {tensor.name: function_graph.capture(tensor) for tensor in self._resources}
        return tf.graph_util.import_graph_def(
            self._definition, input_map=known, return_elements=self._outputs, name="signature"
        )


def _allowed_sizes(limits: Batching) -> list[int] | None:
    if limits.computed_sizes:
        return list(limits.computed_sizes)
    return list(range(1, limits.largest_batch + 1)) if limits.split_large else None  # each size: no padding


def _varies(tensor: Any) -> bool:
    return tensor.shape.rank == 2 and tensor.shape[1] is None and tensor.dtype in (tf.int32, tf.int64)


def _pack(rows: Array) -> Array:
    packed = np.empty(len(rows), dtype=object)
    packed[:] = [row.tobytes() for row in rows]
    return packed


def _unpack(rows: Any, kind: Any) -> Any:
    if kind is None:
        return rows
    return tf.io.decode_raw(rows, kind, fixed_length=tf.reduce_max(tf.strings.length(rows)))


def _require_rows(arrays: Mapping[str, Array], packed: Mapping[str, Any], limits: Batching) -> None:
    """Raises: Refusal for rows that would make the whole batch fail, and with it other callers' requests."""
    if any(array.ndim == 0 for array in arrays.values()):
        raise Refusal(Code.INVALID_ARGUMENT, "Batching Run() input tensors must have at least one dimension")
    rows = {len(array) for array in arrays.values()}
    if len(rows) > 1:
        raise Refusal(Code.INVALID_ARGUMENT, "Batching Run() input tensors must have equal 0th-dimension size")
    if len({arrays[name].shape for name in packed}) > 1:
        raise Refusal(Code.INVALID_ARGUMENT, "Batching Run() id inputs of one request must have equal shapes")
    if max(rows) > limits.max_batch_size:
        raise Refusal(
            Code.INVALID_ARGUMENT,
            f"Task size {max(rows)} is larger than maximum input batch size {limits.max_batch_size}",
        )
