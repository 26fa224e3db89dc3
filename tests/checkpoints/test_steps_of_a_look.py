"""What looking a graph over costs: steps that are counted, and grow with the graph, not with its square."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from sentiment.model import graph_files
from sentiment.model.graph_library import Library


def savers_in_a_function_that_is_called_often(meta: Any, many: int) -> None:
    made = meta.graph_def.library.function.add()
    made.signature.name = "saves"
    for number in range(many):
        made.node_def.add(name=f"save{number}", op="SaveV2")
        meta.graph_def.node.add(name=f"call{number}", op="PartitionedCall").attr["f"].func.name = "saves"


def restorers_in_a_function_that_is_called_often(meta: Any, many: int) -> None:
    savers_in_a_function_that_is_called_often(meta, many)
    for node in meta.graph_def.library.function[0].node_def:
        node.op = "RestoreV2"


def readers_of_variables_among_many(meta: Any, many: int) -> None:
    nodes = meta.graph_def.node
    made = meta.graph_def.library.function.add()
    made.signature.name = "unused"
    for number in range(many):
        made.node_def.add(name=f"handle{number}", op="VarHandleOp")
        nodes.add(name=f"variable{number}", op="VarHandleOp")
        nodes.add(name=f"value{number}", op="ReadVariableOp").input.append(f"variable{number}")
        reads = nodes.add(name=f"reads{number}", op="InitializeTableFromTextFileV2")
        reads.input.extend(["table", f"value{number}"])


def readers_in_a_function_of_many_arguments(meta: Any, many: int) -> None:
    made = meta.graph_def.library.function.add()
    made.signature.name = "reads"
    for number in range(many):
        made.signature.input_arg.add(name=f"argument{number}")
        made.node_def.add(name=f"reads{number}", op="InitializeTableFromTextFileV2").input.extend(
            ["table", f"argument{number}"]
        )


def lines_run(work: Callable[[], Any]) -> int:
    """Returns how many lines of the project's own modules were run."""
    ran = 0

    def count(frame: Any, event: str, _: Any) -> Any:
        nonlocal ran
        if not frame.f_code.co_filename.endswith(("graph_files.py", "graph_library.py")):
            return None
        ran += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        work()
    finally:
        sys.settrace(before)
    return ran


@pytest.mark.parametrize(
    "make",
    [
        savers_in_a_function_that_is_called_often,
        restorers_in_a_function_that_is_called_often,
        readers_of_variables_among_many,
        readers_in_a_function_of_many_arguments,
    ],
)
def test_ten_times_the_graph_takes_ten_times_the_steps(make: Callable[[Any, int], None]) -> None:
    from sentiment.tensorflow_setup import tf

    def steps(many: int) -> int:
        meta = tf.compat.v1.MetaGraphDef()
        make(meta, many)
        return lines_run(lambda: list(graph_files.misused(meta, Library(meta.graph_def))))

    few, many = steps(50), steps(500)
    assert 0 < many < 15 * few
