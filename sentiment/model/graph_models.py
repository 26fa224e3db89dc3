"""Follows the models of tokenizers through a graph: TF-Text believes whatever they say of themselves.

Such a model is a tensor. Where it says that a text in it is a megabyte long, the answer is a megabyte of the process's
memory; where it leads out of its own tables, the process ends. So each must be a constant of the graph, and be byte for
byte what is built here of the vocabulary. One that is computed, or that a request may bring, is none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sentiment.model.graph_assets import assets_of
from sentiment.model.graph_files import node_of, tensor_of
from sentiment.model.graph_library import CALLS, MAIN, Library, named_by_objects
from sentiment.model.graph_names import names_of
from sentiment.model.operations import MODEL_READERS

MOST_STEPS = 100_000  # taken to follow models; an export takes a dozen
# What an object that is a constant is registered as; of another class, it may be anything.
CONSTANTS = ("", "tf.TrackableConstant")
Places = list[tuple[str, str]]  # functions and tensors in them


def unknown(meta: Any, library: Library, known: Collection[bytes]) -> Iterator[str]:
    """Yields, in words, the operations of a MetaGraphDef whose model may be another than one of those `known`."""
    origins = _Origins(meta, library, known)
    pending = []
    for where, node in library.placed():
        if (position := MODEL_READERS.get(node.op)) is not None:
            tensor = node.input[position] if position < len(node.input) else ""
            pending.append((node.op, where, tensor))
    seen: set[tuple[str, str]] = set()
    while pending:
        operation, *place = pending.pop()
        where, tensor = place
        if (where, tensor) in seen:
            continue
        seen.add((where, tensor))
        sources = origins.of(where, tensor) if len(seen) <= MOST_STEPS else None
        if sources is None:
            yield f"{operation} of another model than that of its vocabulary"
            return
        pending += [(operation, *source) for source in sources]


class _Origins:
    """Where the tensors of one MetaGraphDef come from, one step at a time."""

    def __init__(self, meta: Any, library: Library, known: Collection[bytes]) -> None:
        self._library, self._known = library, known
        self._objects = meta.object_graph_def.nodes
        self._exposed = meta.object_graph_def.concrete_functions
        self._outside = {*self._exposed, *named_by_objects(self._objects)}  # functions that may be called from there
        inputs = [info for signature in meta.signature_def.values() for info in signature.inputs.values()]
        given = [name for info in inputs for name in names_of(info)] + [one.tensor for one in assets_of(meta)]
        self._given = {tensor_of(name) for name in given}  # from outside, whatever the graph says
        self._bodies: dict[str, dict[str, Any]] = {MAIN: {node.name: node for node in meta.graph_def.node}}

    def of(self, where: str, tensor: str) -> Places | None:
        """Returns what a tensor is passed on from, nothing for a known model; None for whatever else it may be."""
        if where == MAIN and tensor_of(tensor) in self._given:
            return None
        name, arguments = node_of(tensor), {} if where == MAIN else self._library.arguments(where)
        if arguments is None:
            return None
        if name in arguments:
            return self._givers(where, arguments[name])
        source = self._nodes_of(where).get(name)
        if source is not None and source.op == "Identity" and source.input:
            return [(where, source.input[0])]
        return [] if source is not None and self._is_known(source) else None

    def _is_known(self, node: Any) -> bool:
        value = node.attr["value"].tensor
        shape = [one.size for one in value.tensor_shape.dim]
        content = value.tensor_content  # all of it: a list of values may stand for any number of them
        return node.op == "Const" and shape == [len(content)] and content in self._known

    def _givers(self, function: str, argument: int) -> Places | None:
        """Returns what all who may call a function give it as an argument."""
        callers, is_outside = self._library.callers[function], function in self._outside
        if function in self._library.anybodys or not (callers or is_outside):
            return None
        if any((node.op not in CALLS and node.op != function) or len(node.input) <= argument for _, node in callers):
            return None
        found = [(where, node.input[argument]) for where, node in callers]
        if not is_outside:
            return found
        bound = self._bound_constant(function, argument)
        return [*found, (MAIN, bound)] if bound else None

    def _bound_constant(self, function: str, argument: int) -> str:
        """Returns the constant that TensorFlow 2's loader itself gives as this argument; an empty text: it does not."""
        bound = self._exposed[function].bound_inputs if function in self._exposed else ()
        first = len(self._library.functions[function].signature.input_arg) - len(bound)
        if not 0 <= first <= argument or not 0 <= bound[argument - first] < len(self._objects):
            return ""
        found = self._objects[bound[argument - first]]
        is_constant = found.WhichOneof("kind") == "constant" and found.registered_name in CONSTANTS
        return str(found.constant.operation) if is_constant else ""

    def _nodes_of(self, where: str) -> dict[str, Any]:
        if where not in self._bodies:
            self._bodies[where] = {one.name: one for one in self._library.functions[where].node_def}
        return self._bodies[where]
