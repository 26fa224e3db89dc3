"""The names by which loaders find what they need in a graph: each must be that of a node that was looked over.

TensorFlow 1's loader adds nodes to a graph, such as those of a saver, which write files. Only then does it look for
what initializes the model, and for what signatures take and give.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

from sentiment.model.graph_assets import assets_of
from sentiment.model.graph_nodes import MOST_TOLD

INITIALIZER = "__saved_model_init_op"  # the signature that runs once, while the model is loaded
# The collections of which TensorFlow 1's loader makes variables: it parses what they keep in bytes.
OF_VARIABLES = (
    *("variables", "trainable_variables", "local_variables", "model_variables", "metric_variables"),
    *("moving_average_variables", "global_step"),
)
SAVED = ("variables", "saveable_objects")  # the collections for which it makes a saver where there is none


def unseen(meta: Any) -> Iterator[str]:
    """Yields, in words, what a MetaGraphDef has loaders look for, or add, that is no node of its graph."""
    there = {node.name for node in meta.graph_def.node}
    missing = islice((name for name in _named(meta) if name.partition(":")[0] not in there), MOST_TOLD)
    yield from (f"the name {name}, which no node of its graph has" for name in dict.fromkeys(missing))
    if not meta.HasField("saver_def") and any(key in meta.collection_def for key in SAVED):
        yield "variables without a saver, as in TF-Hub's first format: TensorFlow would add one, which writes files"


def _named(meta: Any) -> Iterator[str]:
    """Yields all names that something outside of the graph gives to its nodes and their tensors."""
    for signature in meta.signature_def.values():
        for info in (*signature.inputs.values(), *signature.outputs.values()):
            yield from names_of(info)
    for collection in meta.collection_def.values():
        yield from collection.node_list.value
    for variable in variables_of(meta):
        yield from filter(None, (variable.variable_name, *started_with(variable)))
    saver = meta.saver_def
    ours = (saver.filename_tensor_name, saver.save_tensor_name, saver.restore_op_name)
    yield from filter(None, (*ours, *(asset.tensor for asset in assets_of(meta))))


def variables_of(meta: Any) -> Iterator[Any]:
    """Yields the VariableDefs in a MetaGraphDef's collections; what is none ends the loader before it runs anything."""
    from google.protobuf.message import DecodeError
    from tensorflow.core.framework.variable_pb2 import VariableDef

    for value in (value for key in OF_VARIABLES if key in meta.collection_def for value in _kept(meta, key)):
        with contextlib.suppress(DecodeError):
            yield VariableDef.FromString(value)


def _kept(meta: Any, key: str) -> Any:
    return meta.collection_def[key].bytes_list.value


def started_with(variable: Any) -> list[str]:
    """Returns what a variable is initialized by: TensorFlow 1's loader runs that where nothing else is named."""
    return [*filter(None, (variable.initializer_name, variable.initial_value_name, variable.snapshot_name))]


def names_of(info: Any) -> list[str]:
    """Returns the tensors of a TensorInfo, which may stand for a sparse or another composite one."""
    sparse = info.coo_sparse
    parts = (sparse.values_tensor_name, sparse.indices_tensor_name, sparse.dense_shape_tensor_name)
    inner = [name for part in info.composite_tensor.components for name in names_of(part)]
    return [*filter(None, (info.name, *parts)), *inner]
