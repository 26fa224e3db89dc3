"""Nodes of which TensorFlow believes that they are honest: two of one name ended the process of a model server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.hostile_encoders import changed

from sentiment.model import saved_model
from sentiment.model.graph_nodes import meeting

TWO, HANDLE = "two nodes of the name", "a Const or a RestoreV2 of a handle"
RESOURCE, VARIANT = 20, 21  # of tensorflow.DataType


@pytest.mark.parametrize(
    ("names", "callers", "found"),
    [
        (["C", "C/v"], {"C": True}, ["C/v"]),
        (["C", "Cv", "D/C/v"], {"C": True}, []),
        (["C", "C/D/v"], {"C": True}, ["C/D/v"]),  # if the function calls another one at D
        (["while", "while/loop_counter"], {"while": False}, []),  # as TensorFlow has it
        (["while", "while/body/_7", "while/enter"], {"while": False}, ["while/body/_7"]),
        (["C", "Func/C/input/_0"], {"C": True}, ["Func/C/input/_0"]),
        (["C", "Func/D/input/_0"], {"C": True}, []),  # of a graph from which D was optimised away
        (["Func/C"], {"Func/C": True}, ["Func/C"]),
        (["Func"], {"Func": True}, ["Func"]),
        (["v", "w", "v"], {}, ["v"]),
    ],
)
def test_what_is_taken_into_the_graph_meets_nothing(
    names: list[str], callers: dict[str, bool], found: list[str]
) -> None:
    assert meeting(names, callers) == found


def call_with_a_node_below(meta: Any) -> None:
    called = meta.graph_def.library.function[0].signature.name
    meta.graph_def.node.add(name="C", op="PartitionedCall").attr["f"].func.name = called
    meta.graph_def.node.add(name="C/v", op="NoOp")


def call_by_the_functions_own_name(meta: Any) -> None:
    called = meta.graph_def.library.function[0].signature.name
    meta.graph_def.node.add(name="C", op=called)
    meta.graph_def.node.add(name="C/v", op="NoOp")


def call_in_a_function(meta: Any) -> None:
    made = meta.graph_def.library.function.add()
    made.signature.name = "made"
    made.node_def.add(name="C", op="PartitionedCall").attr["f"].func.name = meta.graph_def.library.function[
        0
    ].signature.name
    made.node_def.add(name="C/v", op="NoOp")


def node_with_the_name_of_an_argument(meta: Any) -> None:
    """What reads the one or the other was followed to the argument."""
    made = meta.graph_def.library.function.add()
    made.signature.name = "made"
    made.signature.input_arg.add(name="filename", type=7)
    made.node_def.add(name="filename", op="Const")


@pytest.mark.parametrize(
    "attack",
    [call_with_a_node_below, call_by_the_functions_own_name, call_in_a_function, node_with_the_name_of_an_argument],
)
def test_no_two_nodes_get_one_name(attack: Callable[[Any], None], honest: Path, tmp_path: Path) -> None:
    assert any(TWO in danger for danger in saved_model.dangers(changed(honest, tmp_path / "hostile", attack)))


def constant_of_a_handle(meta: Any) -> Any:
    """TensorFlow takes it for the variable of that name, which it then writes."""
    tensor = meta.graph_def.node.add(name="handle", op="Const").attr["value"].tensor
    tensor.dtype = RESOURCE
    tensor.resource_handle_val.add(name="v", container="localhost")


def constant_that_may_hold_a_handle(meta: Any) -> None:
    made = meta.graph_def.library.function.add()
    made.signature.name = "made"
    made.node_def.add(name="list", op="Const").attr["value"].tensor.dtype = VARIANT


def checkpoint_that_may_hold_a_handle(meta: Any) -> None:
    meta.graph_def.node.add(name="read", op="RestoreV2").attr["dtypes"].list.type.append(VARIANT)


@pytest.mark.parametrize(
    "attack", [constant_of_a_handle, constant_that_may_hold_a_handle, checkpoint_that_may_hold_a_handle]
)
def test_no_handle_is_made_up(attack: Callable[[Any], None], honest: Path, tmp_path: Path) -> None:
    assert any(HANDLE in danger for danger in saved_model.dangers(changed(honest, tmp_path / "hostile", attack)))
