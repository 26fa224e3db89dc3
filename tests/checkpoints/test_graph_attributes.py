"""Attributes that a call fills in: the look saw a function as it is written, and a server ran another one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.hostile_encoders import changed

from sentiment.model import saved_model


def _call(meta: Any) -> Any:
    called = meta.graph_def.library.function[0].signature.name
    node = meta.graph_def.node.add(name="call", op="PartitionedCall")
    node.attr["f"].func.name = called
    return node


def a_function_is_left_to_the_caller(meta: Any) -> None:
    function = meta.graph_def.library.function.add()
    function.signature.name = "Outer"
    function.signature.attr.add(name="F", type="func").default_value.func.name = "Inner"
    function.node_def.add(name="inner", op="PartitionedCall").attr["f"].placeholder = "F"


def a_function_has_a_default(meta: Any) -> None:
    meta.graph_def.library.function[0].signature.attr.add(name="F", type="func")


def a_value_is_left_to_the_caller(meta: Any) -> None:
    meta.graph_def.library.function[0].node_def.add(name="c", op="Const").attr["value"].placeholder = "V"


def the_graph_itself_leaves_one(meta: Any) -> None:
    meta.graph_def.node.add(name="c", op="Const").attr["value"].placeholder = "V"


def a_call_gives_one(meta: Any) -> None:
    _call(meta).attr["f"].func.attr["F"].func.name = "Inner"


def one_of_several_branches_is_given_one(meta: Any) -> None:
    called = meta.graph_def.library.function[0].signature.name
    branches = meta.graph_def.node.add(name="case", op="StatelessCase").attr["branches"].list
    branches.func.add(name=called)
    branches.func.add(name=called).attr["V"].i = 1


def a_function_has_the_name_of_an_operation(meta: Any) -> None:
    """TensorFlow 2's loader runs it for each `Identity`: of an asset's name, it made another file's."""
    meta.graph_def.library.function.add().signature.name = "Identity"


@pytest.mark.parametrize(
    ("attack", "told"),
    [
        (a_function_has_the_name_of_an_operation, "a function Identity, which is the name of an operation"),
        (a_function_is_left_to_the_caller, "the function Outer, which takes attributes"),
        (a_function_has_a_default, ", which takes attributes"),
        (a_value_is_left_to_the_caller, "the attributes of c, which a call fills in"),
        (the_graph_itself_leaves_one, "the attributes of c, which a call fills in"),
        (a_call_gives_one, "the attributes of call, which a call fills in"),
        (one_of_several_branches_is_given_one, "the attributes of case, which a call fills in"),
    ],
)
def test_no_call_makes_another_thing_of_a_function(
    attack: Callable[[Any], None], told: str, honest: Path, tmp_path: Path
) -> None:
    assert any(told in danger for danger in saved_model.dangers(changed(honest, tmp_path / "hostile", attack)))


def test_no_two_functions_have_one_name(honest: Path, tmp_path: Path) -> None:
    """The look followed the last one, where a server may take the first."""

    def doubled(meta: Any) -> None:
        functions = meta.graph_def.library.function
        functions.add().CopyFrom(functions[0])

    assert any(
        "two functions of the name" in one for one in saved_model.dangers(changed(honest, tmp_path / "h", doubled))
    )


@pytest.mark.parametrize("more", [b"\x88\x80\x80\x80\x10\x01", b"\x0a", b"\xff" * 20])
def test_what_pythons_parser_refuses_is_a_danger_of_an_export(honest: Path, tmp_path: Path, more: bytes) -> None:
    """The first is read by TensorFlow Serving: a field whose number has more bits than Python's parser takes."""
    spoilt = changed(honest, tmp_path / "hostile", lambda meta: None)
    with (spoilt / "saved_model.pb").open("ab") as file:
        file.write(more)
    assert saved_model.dangers(spoilt) == [saved_model.UNREADABLE]
    saved_model.require_harmless(spoilt)  # whoever loads an encoder says that it is not whole


@pytest.mark.parametrize("content", [b"", b"\x08\x01"])
def test_a_file_without_a_graph_is_a_danger_of_an_export(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "saved_model.pb").write_bytes(content)
    assert saved_model.dangers(tmp_path) == [saved_model.UNREADABLE]


def test_a_call_without_attributes_is_honest(honest: Path, tmp_path: Path) -> None:
    assert saved_model.dangers(changed(honest, tmp_path / "same", lambda meta: None)) == []
