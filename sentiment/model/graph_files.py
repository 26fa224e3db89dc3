"""Follows the names of files through a graph: only assets may be read, and only the saver may touch a checkpoint.

TensorFlow gives a graph two kinds of names: those of its assets, and that of its variables' checkpoint. A name from
anywhere else, such as a text in the graph or in a request, could be that of any file.
"""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sentiment.model.graph_assets import assets_of
from sentiment.model.graph_library import CALLS, MAIN, Library, named_by_objects
from sentiment.model.graph_names import INITIALIZER, names_of, started_with, variables_of
from sentiment.model.operations import ASSET_READERS, CHECKPOINT

VARIABLE_USERS = frozenset({"AssignVariableOp", "ReadVariableOp", "VarIsInitializedOp"})
MOST_STEPS = 1_000_000  # taken to follow names; a BERT of TF-Hub takes a few thousand
# All handles without a name are one variable, too. Some loaders give them that of their node: they may be any variable.
NO_NAME = b""
# The only collection that TensorFlow 2 writes, with what starts the model. Of what others name, TensorFlow 1's loader
# makes variables, and any saver of its own restores them: also one that it makes where the checkpoint is another's.
OF_TENSORFLOW_2 = frozenset({"saved_model_main_op"})


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
        self._outside = {*self._exposed, *named_by_objects(self._objects)}  # functions that may be called from there
        self._assets = {tensor_of(asset.tensor) for asset in assets_of(meta)}
        self._checkpoint = tensor_of(meta.saver_def.filename_tensor_name)
        starts = [name for collection in meta.collection_def.values() for name in collection.node_list.value]
        starts += names_of(meta.signature_def[INITIALIZER].outputs[INITIALIZER]) if _starts_itself(meta) else []
        self._answering, self._starting = self._reached(self._answers(meta)), self._reached(starts)
        self._restoring = self._reached([meta.saver_def.restore_op_name])
        self._bodies: dict[str, dict[str, Any]] = {MAIN: self._main}
        self._by_saver: dict[str, tuple[bool, bool]] = {}  # function → whether the saver alone runs it, and restores
        self._is_of_tensorflow_2 = OF_TENSORFLOW_2.issuperset(meta.collection_def)
        self._steps = 0

    def _answers(self, meta: Any) -> Iterator[str]:
        """Yields what clients may ask for: all outputs of signatures, but not what only initializes the model.

        And what may run like it, at a time at which an asset's name is not given.
        """
        yield from (name for variable in variables_of(meta) for name in started_with(variable))
        for key, signature in meta.signature_def.items():
            for name, info in signature.outputs.items():
                node = self._main.get(node_of(info.name))
                if not (key == name == INITIALIZER and node is not None and node.op == "NoOp"):
                    yield from names_of(info)

    def _reached(self, names: Iterable[str]) -> set[str]:
        """Returns the graph's own nodes that run when these are asked for."""
        found: set[str] = set()
        pending = list({name for name in map(node_of, names) if name in self._main})
        while pending:
            if (name := pending.pop()) in self._main and name not in found:
                found.add(name)
                pending += [node_of(tensor) for tensor in self._main[name].input]
        return found

    def is_only_the_savers(self, where: str, node: Any) -> bool:
        """Tells whether neither loading nor answering nor training runs a node, other than through the saver."""
        return self._saver_runs(where, node)[0]

    def restores(self, where: str, node: Any) -> bool:
        return self._saver_runs(where, node)[1]

    def _saver_runs(self, where: str, node: Any) -> tuple[bool, bool]:
        """Tells whether the saver alone runs a node, and whether that restores: the same for all of a function."""
        if where == MAIN:
            return self._run_by([(where, node)])
        if where not in self._by_saver:
            is_anybodys = where in self._outside or where in self._library.anybodys
            is_savers, restores = self._run_by(self._library.callers[where])
            self._by_saver[where] = is_savers and not is_anybodys, restores
        return self._by_saver[where]

    def _run_by(self, runners: list[tuple[str, Any]]) -> tuple[bool, bool]:
        mine = [one.name for place, one in runners if place == MAIN]
        is_used = any(name in self._answering or name in self._starting for name in mine)
        is_savers = 0 < len(mine) == len(runners) and not is_used
        return is_savers, any(name in self._restoring for name in mine)

    def is_checkpoint(self, where: str, node: Any) -> bool:
        """Tells whether a node reads the checkpoint that the saver is given, and writes nothing."""
        is_end, never = (lambda name: name == self._checkpoint), self._answering
        return node.op == "RestoreV2" and self._comes_from(where, node, 0, is_end, never, exposed=False)

    def is_asset(self, where: str, node: Any, position: int) -> bool:
        """Tells whether an input of a node is always the name of an asset.

        Only while a model is initialized does the graph's own constant hold that name: later, and while the checkpoint
        is restored, it is any text.
        """
        never = self._answering | self._restoring
        return self._comes_from(where, node, position, lambda name: name in self._assets, never, exposed=True)

    def _comes_from(
        self, where: str, node: Any, position: int, is_end: Callable[[str], bool], never: set[str], *, exposed: bool
    ) -> bool:
        """Tells whether an input always comes from an end, and is used by none of the graph's nodes in `never`."""
        pending, seen = [(where, node, position)], set()
        while pending:
            self._steps += 1
            if self._steps > MOST_STEPS:  # a graph that ties its names into knots is not followed for ever
                return False
            where, node, position = pending.pop()
            if (where == MAIN and node.name in never) or len(node.input) <= position:
                return False
            tensor, name = tensor_of(node.input[position]), node_of(node.input[position])
            if (where, tensor) in seen:
                continue
            seen.add((where, tensor))
            arguments = {} if where == MAIN else self._library.arguments(where)
            if arguments is None:
                return False
            source = self._nodes_of(where).get(name)
            if name in arguments:
                found = self._givers(where, arguments[name], exposed=exposed)
                if found is None:
                    return False
                pending += found
            elif source is not None and source.op == "Identity":
                pending.append((where, source, 0))
            elif where == MAIN and source is not None and (kept := self._only_writes(source)):
                pending += kept
            elif where != MAIN or not is_end(tensor):
                return False
        return True

    def _only_writes(self, read: Any) -> list[tuple[str, Any, int]]:
        """Returns the inputs that the graph's own variable gets its value from; none unless they are all known.

        TensorFlow 2 keeps an asset's name in a variable, which nothing else writes or passes on. No saver restores
        it, for no collection names it.
        """
        if not self._is_of_tensorflow_2:
            return []
        handle = self._main.get(node_of(read.input[0])) if read.op == "ReadVariableOp" and read.input else None
        if handle is None or handle.op != "VarHandleOp":
            return []
        users = self._users[handle.name]
        self._steps += len(users)
        is_alone = self._handles[_shared_name(handle)] == 1 and not self._handles[NO_NAME]
        if not is_alone or not {one.op for one in users} <= VARIABLE_USERS:
            return []
        return [(MAIN, one, 1) for one in users if one.op == "AssignVariableOp"]

    @functools.cached_property
    def _handles(self) -> Counter[bytes]:
        """How many nodes, of the graph and its functions, are a handle of the variable of a name, in any container."""
        return Counter(_shared_name(one) for one in self._library.nodes() if one.op == "VarHandleOp")

    @functools.cached_property
    def _users(self) -> dict[str, list[Any]]:
        """The graph's own nodes that have another one of them as an input, by the name of that one."""
        found = defaultdict[str, list[Any]](list)
        for one in self._main.values():
            for name in set(map(node_of, one.input)):
                found[name].append(one)
        return found

    def _givers(self, function: str, argument: int, *, exposed: bool) -> list[tuple[str, Any, int]] | None:
        """Returns the inputs of nodes that give a function its argument; None when somebody else may give it."""
        callers, is_outside = self._library.callers[function], function in self._outside
        if function in self._library.anybodys or not (callers or is_outside):
            return None
        if is_outside and not (exposed and self._is_bound_asset(function, argument)):
            return None
        self._steps += len(callers)
        if any(node.op not in CALLS and node.op != function for _, node in callers):
            return None
        return [(where, node, argument) for where, node in callers]

    def _is_bound_asset(self, function: str, argument: int) -> bool:
        """Tells whether TensorFlow 2's loader gives this argument itself, and gives an asset's name."""
        bound = self._exposed[function].bound_inputs if function in self._exposed else ()
        first = len(self._library.functions[function].signature.input_arg) - len(bound)
        if not 0 <= first <= argument or not 0 <= bound[argument - first] < len(self._objects):
            return False
        found = self._objects[bound[argument - first]]
        return found.WhichOneof("kind") == "asset" and not found.registered_name  # whose class would make it anything

    def _nodes_of(self, where: str) -> dict[str, Any]:
        if where not in self._bodies:
            self._bodies[where] = {one.name: one for one in self._library.functions[where].node_def}
        return self._bodies[where]


def node_of(tensor: str) -> str:
    """Returns the name of the node in that of a tensor, or of a control input."""
    return tensor.removeprefix("^").partition(":")[0]


def tensor_of(name: str) -> str:
    """Returns a tensor's name in full: a node's only or first output may be named by the node alone."""
    return name if ":" in name else f"{name.removeprefix('^')}:0"


def _shared_name(handle: Any) -> bytes:
    """Returns the name of the variable itself, by which all handles that have it are one."""
    return bytes(handle.attr["shared_name"].s)


def _starts_itself(meta: Any) -> bool:
    return INITIALIZER in meta.signature_def and INITIALIZER in meta.signature_def[INITIALIZER].outputs
