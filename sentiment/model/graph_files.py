"""Follows the names of files through a graph: only assets may be read, and only the saver may touch a checkpoint.

TensorFlow gives a graph two kinds of names: those of its assets, and that of its variables' checkpoint. A name from
anywhere else, such as a text in the graph or in a request, could be that of any file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sentiment.model.operations import ALLOWED, ASSET_READERS, CHECKPOINT

CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})  # they pass their inputs on as they are
VARIABLE_USERS = frozenset({"AssignVariableOp", "ReadVariableOp", "VarIsInitializedOp"})
MAIN = ""  # the graph itself, among the names of its functions
MOST_STEPS = 1_000_000  # taken to follow names; a BERT of TF-Hub takes a few thousand
INITIALIZER = "__saved_model_init_op"  # the signature that runs once, while the model is loaded


class Library:
    """The graph and the functions of a GraphDef, and who calls which function."""

    def __init__(self, graph: Any) -> None:
        self.functions = {function.signature.name: function for function in graph.library.function}
        pairs = (*graph.library.gradient, *graph.library.registered_gradients)
        self.gradients = {pair.gradient_func for pair in pairs}  # training calls them
        self._graph = graph
        self.callers: dict[str, list[tuple[str, Any]]] = defaultdict(list)  # function → (where, node)
        for where, node in self.placed():
            for name in called(node):
                self.callers[name].append((where, node))

    def placed(self) -> Iterator[tuple[str, Any]]:
        """Yields every node with the name of its function; MAIN for the graph's own."""
        yield from ((MAIN, node) for node in self._graph.node)
        for name, function in self.functions.items():
            yield from ((name, node) for node in function.node_def)

    def nodes(self) -> Iterator[Any]:
        return (node for _, node in self.placed())

    def is_function(self, name: str) -> bool:
        return name in self.functions and name not in ALLOWED and not is_registered(name)

    def missing(self) -> set[str]:
        """Returns the functions that are called by name and are not there."""
        named = {name for node in self.nodes() for name in _in_attributes(node.attr.values())}
        return {name for name in named if not self.is_function(name)}


def is_registered(name: str) -> bool:
    """Tells whether TensorFlow has an operation of that name."""
    from tensorflow.python.framework import op_def_registry

    return op_def_registry.get(name) is not None


def called(node: Any) -> Iterator[str]:
    """Yields the names of functions that a node may call; its operation is one of them, if it is a function."""
    yield node.op
    yield from _in_attributes(node.attr.values())


def _in_attributes(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        for function in (*([value.func] if value.HasField("func") else []), *value.list.func):
            yield function.name
            yield from _in_attributes(function.attr.values())


def misused(meta: Any, library: Library) -> Iterator[str]:
    """Yields the operations of a MetaGraphDef that would read or write a file whose name TensorFlow did not give."""
    flow = _Flow(meta, library)
    for where, node in library.placed():
        if node.op in ASSET_READERS and not flow.is_asset(where, node, ASSET_READERS[node.op]):
            yield f"{node.op} of a file that is none of its assets"
        if node.op in CHECKPOINT and not flow.is_only_the_savers(where, node):
            yield f"{node.op} outside of its saver"
        elif node.op in CHECKPOINT and flow.restores(where, node) and not flow.is_checkpoint(where, node):
            yield f"{node.op} of a file that is not its checkpoint"


class _Flow:
    """What runs when in one MetaGraphDef, and where the names of files come from."""

    def __init__(self, meta: Any, library: Library) -> None:
        self._library = library
        self._main = {node.name: node for node in meta.graph_def.node}
        self._objects = meta.object_graph_def.nodes
        self._exposed = meta.object_graph_def.concrete_functions  # name → how TensorFlow 2's loader calls it
        self._assets = {_node_of(asset.tensor_info.name) for asset in meta.asset_file_def}
        self._checkpoint = _node_of(meta.saver_def.filename_tensor_name)
        signatures = meta.signature_def.items()
        answers = [info.name for name, one in signatures if name != INITIALIZER for info in one.outputs.values()]
        starts = [info.name for name, one in signatures if name == INITIALIZER for info in one.outputs.values()]
        starts += [name for collection in meta.collection_def.values() for name in collection.node_list.value]
        self._answering, self._starting = self._reached(answers), self._reached(starts)
        self._restoring = self._reached([meta.saver_def.restore_op_name])
        self._bodies: dict[str, dict[str, Any]] = {MAIN: self._main}
        self._steps = 0

    def _reached(self, names: Iterable[str]) -> set[str]:
        """Returns the graph's own nodes that run when these are asked for."""
        found: set[str] = set()
        pending = [_node_of(name) for name in names]
        while pending:
            if (name := pending.pop()) in self._main and name not in found:
                found.add(name)
                pending += [_node_of(tensor) for tensor in self._main[name].input]
        return found

    def _runners(self, where: str, node: Any) -> list[tuple[str, Any]]:
        """Returns the node itself if it is the graph's own, else the nodes that call its function."""
        return [(where, node)] if where == MAIN else self._library.callers[where]

    def is_only_the_savers(self, where: str, node: Any) -> bool:
        """Tells whether neither loading nor answering nor training runs a node, other than through the saver."""
        if where in self._exposed or where in self._library.gradients:
            return False
        used = self._answering | self._starting
        return all(place == MAIN and one.name not in used for place, one in self._runners(where, node))

    def restores(self, where: str, node: Any) -> bool:
        return any(place == MAIN and one.name in self._restoring for place, one in self._runners(where, node))

    def is_checkpoint(self, where: str, node: Any) -> bool:
        """Tells whether a node reads the checkpoint that the saver is given, and writes nothing."""
        return node.op == "RestoreV2" and self._comes_from(where, node, 0, lambda name: name == self._checkpoint)

    def is_asset(self, where: str, node: Any, position: int) -> bool:
        """Tells whether an input of a node is always the name of an asset.

        Only while a model is loaded does the graph's own constant hold that name: later it is any text.
        """
        return self._comes_from(where, node, position, lambda name: name in self._assets, exposed=True)

    def _comes_from(
        self, where: str, node: Any, position: int, is_end: Callable[[str], bool], *, exposed: bool = False
    ) -> bool:
        pending, seen = [(where, node, position)], set()
        while pending:
            self._steps += 1
            if self._steps > MOST_STEPS:  # a graph that ties its names into knots is not followed for ever
                return False
            where, node, position = pending.pop()
            if (where == MAIN and node.name in self._answering) or len(node.input) <= position:
                return False
            name = _node_of(node.input[position])
            if (where, name) in seen:
                continue
            seen.add((where, name))
            arguments = self._arguments(where)
            source = self._nodes_of(where).get(name)
            if name in arguments:
                found = self._givers(where, arguments.index(name), exposed=exposed)
                if found is None:
                    return False
                pending += found
            elif source is not None and source.op == "Identity":
                pending.append((where, source, 0))
            elif where == MAIN and source is not None and (kept := self._only_writes(source)):
                pending += kept
            elif where != MAIN or not is_end(name):
                return False
        return True

    def _only_writes(self, read: Any) -> list[tuple[str, Any, int]]:
        """Returns the inputs that the graph's own variable gets its value from; none unless they are all known.

        TensorFlow 2 keeps an asset's name in a variable, which nothing else writes or passes on.
        """
        handle = self._main.get(_node_of(read.input[0])) if read.op == "ReadVariableOp" and read.input else None
        if handle is None or handle.op != "VarHandleOp":
            return []
        self._steps += len(self._main)
        shared = handle.attr["shared_name"].s
        same = [one for one in self._library.nodes() if one.op == "VarHandleOp" and one.attr["shared_name"].s == shared]
        users = [one for one in self._main.values() if handle.name in map(_node_of, one.input)]
        if len(same) != 1 or not {one.op for one in users} <= VARIABLE_USERS:
            return []
        return [(MAIN, one, 1) for one in users if one.op == "AssignVariableOp"]

    def _givers(self, function: str, argument: int, *, exposed: bool) -> list[tuple[str, Any, int]] | None:
        """Returns the inputs of nodes that give a function its argument; None when somebody else may give it."""
        if function in self._library.gradients:
            return None
        if function in self._exposed and not (exposed and self._is_bound_asset(function, argument)):
            return None
        callers = self._library.callers[function]
        self._steps += len(callers)
        if any(node.op not in CALLS and node.op != function for _, node in callers):
            return None
        return [(where, node, argument) for where, node in callers]

    def _is_bound_asset(self, function: str, argument: int) -> bool:
        """Tells whether TensorFlow 2's loader gives this argument itself, and gives an asset's name."""
        bound = self._exposed[function].bound_inputs
        place = argument - (len(self._arguments(function)) - len(bound))
        if not 0 <= place < len(bound) or not 0 <= bound[place] < len(self._objects):
            return False
        return bool(self._objects[bound[place]].WhichOneof("kind") == "asset")

    def _arguments(self, where: str) -> list[str]:
        return [] if where == MAIN else [one.name for one in self._library.functions[where].signature.input_arg]

    def _nodes_of(self, where: str) -> dict[str, Any]:
        if where not in self._bodies:
            self._bodies[where] = {one.name: one for one in self._library.functions[where].node_def}
        return self._bodies[where]


def _node_of(tensor: str) -> str:
    """Returns the name of the node in that of a tensor, or of a control input."""
    return tensor.removeprefix("^").partition(":")[0]
