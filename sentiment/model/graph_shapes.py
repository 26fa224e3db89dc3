"""Finds tensors with more elements than TensorFlow can count: where it puts a graph in order, it ends over their shape.

A shape that is only known when it is computed ends that one call, with an error. One that follows from the graph itself
ends the process, and a branch is put in order when it is first taken: a model server would end at a post.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

MOST = 2**63 - 1  # elements


def uncountable(functions: Iterable[Any]) -> Iterator[str]:
    """Yields the names of the operations, in loaded functions and those that they call, of more elements than MOST."""
    seen: set[bytes] = set()
    pending = list(functions)
    while pending:
        function = pending.pop()
        if function.name in seen:
            continue
        seen.add(function.name)
        pending += function.graph._functions.values()
        for operation in function.graph.get_operations():
            if any(_size(tensor.shape) > MOST for tensor in operation.outputs):
                yield operation.type


def _size(shape: Any) -> int:
    """Returns how many elements a shape has; one of an unknown dimension has none that TensorFlow would count."""
    return math.prod(shape.as_list()) if shape.is_fully_defined() else 0
