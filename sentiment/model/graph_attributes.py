"""Finds what a call would fill in: attributes of nodes that are given only where their function is called.

Such a node means something else at each call, another function too, and the look sees it as it is written. TensorFlow 2
writes none.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from sentiment.model.graph_library import Library

MOST_TOLD = 100


def filled_in(library: Library) -> Iterator[str]:
    """Yields, in words, the functions that take attributes, the nodes that give or leave some, and repeated names."""
    yield from islice(_found(library), MOST_TOLD)


def _found(library: Library) -> Iterator[str]:
    yield from (f"two functions of the name {name}" for name in library.repeated)
    for function in library.functions.values():
        if function.signature.attr or any(_is_open(value) for value in function.attr.values()):
            yield f"the function {function.signature.name}, which takes attributes"
    for node in library.nodes():
        if any(map(_is_open, node.attr.values())):
            yield f"the attributes of {node.name}, which a call fills in"


def _is_open(value: Any) -> bool:
    """Tells whether an attribute is left to the caller, or gives attributes to the function that it names."""
    kind = value.WhichOneof("value")
    if kind == "func":
        return _gives(value.func)
    return kind == "placeholder" or (kind == "list" and any(map(_gives, value.list.func)))


def _gives(function: Any) -> bool:
    return bool(function.attr)
