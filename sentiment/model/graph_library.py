"""The functions of a graph, and who may run each: nodes that name it, and whoever TensorFlow lets run it unnamed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from sentiment.model.operations import ALLOWED

MAIN = ""  # the graph itself, among the names of its functions
CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})  # they pass their inputs on as they are
EXCHANGED = "api_implements"  # the mark of functions that TensorFlow puts in each other's place while it optimises


class Library:
    """The graph and the functions of a GraphDef, and who calls which function."""

    def __init__(self, graph: Any) -> None:
        self.functions = {function.signature.name: function for function in graph.library.function}
        counts = Counter(function.signature.name for function in graph.library.function)
        self.repeated = [
            name for name, number in counts.items() if number > 1
        ]  # some loaders take the first, some the last
        pairs = (*graph.library.gradient, *graph.library.registered_gradients)
        self.anybodys = {pair.gradient_func for pair in pairs}  # training calls them
        self.anybodys |= {name for name, function in self.functions.items() if EXCHANGED in function.attr}
        self._graph = graph
        self._arguments: dict[str, dict[str, int] | None] = {}
        self.callers: dict[str, list[tuple[str, Any]]] = defaultdict(list)  # function → (where, node)
        self.used: set[str] = set()  # operations and functions
        self._named: set[str] = set()  # functions, in attributes
        for where, node in self.placed():
            self.used.add(node.op)
            named = list(_in_attributes(node.attr.values()))
            self._named.update(named)
            for name in (node.op, *named):
                if name in self.functions:
                    self.callers[name].append((where, node))

    def placed(self) -> Iterator[tuple[str, Any]]:
        """Yields every node with the name of its function; MAIN for the graph's own."""
        yield from ((MAIN, node) for node in self._graph.node)
        for function in self._graph.library.function:
            yield from ((function.signature.name, node) for node in function.node_def)

    def names(self) -> Iterator[tuple[str, list[str]]]:
        """Yields the names in the graph and in each function, where an argument has one like a node."""
        yield MAIN, [node.name for node in self._graph.node]
        for function in self._graph.library.function:
            taken = [*function.signature.input_arg, *function.node_def]
            yield function.signature.name, [one.name for one in taken]

    def nodes(self) -> Iterator[Any]:
        return (node for _, node in self.placed())

    def is_function(self, name: str) -> bool:
        return name in self.functions and name not in ALLOWED and not is_registered(name)

    def arguments(self, name: str) -> dict[str, int] | None:
        """Returns the places of a function's arguments by their names.

        None when one stands for a list, so that its inputs have other places.
        """
        if name not in self._arguments:
            arguments = self.functions[name].signature.input_arg
            is_list = any(one.number_attr or one.type_list_attr for one in arguments)
            self._arguments[name] = None if is_list else {one.name: place for place, one in enumerate(arguments)}
        return self._arguments[name]

    def misnamed(self) -> list[str]:
        """Returns the functions with an operation's name: some loaders run the function, some the operation."""
        return [name for name in self.functions if not self.is_function(name)]

    def missing(self) -> set[str]:
        """Returns the functions that are called by name and are not there."""
        return {name for name in self._named if not self.is_function(name)}


def is_registered(name: str) -> bool:
    """Tells whether TensorFlow has an operation of that name."""
    from tensorflow.python.framework import op_def_registry

    return op_def_registry.get(name) is not None


def named_by_objects(objects: Iterable[Any]) -> Iterator[str]:
    """Yields the functions that TensorFlow 2's loader finds by name for these objects, and may run."""
    for one in objects:
        yield from one.function.concrete_functions
        yield one.bare_concrete_function.concrete_function_name


def _in_attributes(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        for function in (*([value.func] if value.HasField("func") else []), *value.list.func):
            yield function.name
            yield from _in_attributes(function.attr.values())
