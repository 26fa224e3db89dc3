"""The names and the constants of a graph's nodes, of which TensorFlow believes that they are honest.

When it runs a call `C`, it takes the nodes of the function into the graph, as `C/v` and so on. Two nodes of one name
are mistaken for each other, or end the process, also that of a model server.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, pairwise
from typing import Any

from sentiment.model.graph_library import CALLS, Library

HANDLES = frozenset({20, 21})  # of tensorflow.DataType: DT_RESOURCE, and DT_VARIANT, which may hold it
# What TensorFlow itself names like this: `while/body/_7`, `Func/C/input/_0`. A node of an optimised graph may have it.
NUMBERED = re.compile(r"/_[0-9]+(/|$)")
BESIDE = "Func/"
MOST_TOLD = 100
# They are not taken into the graph.
STAY = frozenset({"BatchFunction", "TRTEngineOp"})


def dishonest(library: Library) -> Iterator[str]:
    """Yields, in words, nodes that would be two of one name, and constants that stand for a variable or a table."""
    yield from (
        f"two nodes of the name {name}, or a place for the second one" for name in islice(_met(library), MOST_TOLD)
    )
    if any(is_handle(node) for node in library.nodes()):
        yield "a Const or a RestoreV2 of a handle, which may be that of any variable"


def is_handle(node: Any) -> bool:
    """Tells whether a node's value is of its author's choice, and the name of a variable, or may hold one in parts."""
    if node.op == "RestoreV2":
        return not HANDLES.isdisjoint(node.attr["dtypes"].list.type)
    if node.op != "Const":
        return False
    value = node.attr["value"].tensor
    return value.dtype in HANDLES or bool(value.resource_handle_val or value.variant_val)


def meeting(names: Iterable[str], callers: Mapping[str, bool]) -> list[str]:
    """Returns the names that two nodes have, or may get where a call is taken into the graph.

    `callers` are the nodes that call functions; true where all names below a caller's are the function's. Below a loop
    or a branch the graph has some of its own, and TensorFlow numbers those that it makes.
    """
    names = sorted(names)
    numbered = [name for name in names if NUMBERED.search(name)]
    found = [one for one, other in pairwise(names) if one == other]
    for name, is_alone in callers.items():
        found += [name] if name.startswith(BESIDE) or name + "/" == BESIDE else []
        found += _first(names if is_alone else numbered, f"{name}/") + _first(names, f"{BESIDE}{name}/")
    return found


def _met(library: Library) -> Iterator[str]:
    callers: dict[str, dict[str, bool]] = defaultdict(dict)
    for function in library.functions:
        for where, node in library.callers.get(function, ()):
            if node.op not in STAY:
                callers[where][node.name] = node.op in CALLS or node.op == function
    for where, names in library.names():
        yield from meeting(names, callers[where])


def _first(ordered: list[str], start: str) -> list[str]:
    """Returns the first name that starts like this, in a list at most."""
    at = bisect_left(ordered, start)
    return ordered[at : at + 1] if at < len(ordered) and ordered[at].startswith(start) else []
