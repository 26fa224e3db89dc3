"""A SavedModel reads and writes no file but its own, however the name of another one reaches an operation.

Each attack was tried before it was closed: TensorFlow read the file, or wrote it, while it loaded the model.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.hostile_encoders import changed

from sentiment.errors import InputError
from sentiment.model import graph_names, hub_encoder, saved_model, saved_model_files
from sentiment.model.graph_names import INITIALIZER
from sentiment.model.operations import CHECKPOINT

SECRET = "/etc/passwd"
RESOURCE, TEXT = 20, 7  # of tensorflow.DataType
READS = "InitializeTableFromTextFileV2 of a file that is none of its assets"
SAVES = "SaveV2 outside of its saver"


def constant(graph: Any, name: str, text: str = SECRET) -> str:
    node = graph.node.add(name=name, op="Const")
    node.attr["dtype"].type = TEXT
    node.attr["value"].tensor.dtype = TEXT
    node.attr["value"].tensor.string_val.append(text.encode())
    return name


def asset(meta: Any, tensor: str) -> None:
    meta.asset_file_def.add(filename=meta.asset_file_def[0].filename).tensor_info.name = tensor


def reader(nodes: Any, *inputs: str) -> None:
    nodes.add(name="reads", op="InitializeTableFromTextFileV2").input.extend(inputs)


def start_with(meta: Any, node: str) -> None:
    """Has the node run when the model is initialized."""
    started = meta.signature_def[INITIALIZER].outputs[INITIALIZER].name.partition(":")[0]
    next(one for one in meta.graph_def.node if one.name == started).input.append(f"^{node}")


def function(meta: Any, name: str, *arguments: int) -> Any:
    made = meta.graph_def.library.function.add()
    made.signature.name = name
    for number, kind in enumerate(arguments):
        made.signature.input_arg.add(name=f"argument{number}", type=kind)
    return made


def call(meta: Any, name: str, *inputs: str) -> None:
    node = meta.graph_def.node.add(name=f"call_{name}", op="StatefulPartitionedCall")
    node.input.extend(inputs)
    node.attr["f"].func.name = name
    start_with(meta, f"call_{name}")


def while_the_checkpoint_is_restored(meta: Any) -> None:
    """TensorFlow 1's loader gives the names of assets afterwards."""
    asset(meta, f"{constant(meta.graph_def, 'path')}:0")
    reader(meta.graph_def.node, "table", "path")
    both = meta.graph_def.node.add(name="both", op="NoOp")
    both.input.extend([f"^{meta.saver_def.restore_op_name}", "^reads"])
    meta.saver_def.restore_op_name = "both"


def another_output_of_the_node(meta: Any) -> None:
    asset(meta, "pair:1")
    path = constant(meta.graph_def, "path")
    meta.graph_def.node.add(name="pair", op="IdentityN").input.extend([path, path])
    meta.graph_def.node.add(name="second", op="Identity").input.append("pair:1")
    reader(meta.graph_def.node, "table", "pair:0")
    start_with(meta, "reads")


def both_outputs_of_the_node(meta: Any) -> None:
    """What is right about one output is not yet right about the other."""
    another_output_of_the_node(meta)
    for name, tensor in (("one", "pair:0"), ("other", "pair:1")):
        handle = meta.graph_def.node.add(name=f"write_{name}", op="AssignVariableOp")
        handle.input.extend(["variable", tensor])
    meta.graph_def.node.add(name="variable", op="VarHandleOp").attr["shared_name"].s = b"variable"
    meta.graph_def.node.add(name="value", op="ReadVariableOp").input.append("variable")
    next(one for one in meta.graph_def.node if one.name == "reads").input[1] = "value"


def in_the_place_of_another_function(meta: Any) -> None:
    """TensorFlow puts a function that has the same mark and is made for the device in the place of the one called."""
    for name in ("mild", "wild"):
        made = function(meta, name, RESOURCE, TEXT)
        made.attr["api_implements"].s = b"both"
    reader(made.node_def, "argument0", "argument1")
    call(meta, "mild", "table", constant(meta.graph_def, "path"))


def with_a_good_name_too(meta: Any) -> None:
    in_the_place_of_another_function(meta)
    asset(meta, f"{constant(meta.graph_def, 'good')}:0")
    call(meta, "wild", "table", "good")


def in_a_list(meta: Any) -> None:
    """An argument that takes two inputs moves the places of all that follow, and has two tensors itself."""
    asset(meta, f"{constant(meta.graph_def, 'good')}:0")
    made = function(meta, "many", RESOURCE)
    made.signature.input_arg.add(name="files", type=TEXT, number_attr="N")
    reader(made.node_def, "argument0", "files:1")
    call(meta, "many", "table", "good", constant(meta.graph_def, "path"))


def initializers(meta: Any) -> list[Any]:
    objects = meta.object_graph_def.nodes
    functions = meta.object_graph_def.concrete_functions.values()
    found = [one for one in functions if any(objects[at].WhichOneof("kind") == "asset" for at in one.bound_inputs)]
    assert found
    return found


def more_bound_than_taken(meta: Any) -> None:
    """Of what is bound to a function, the first is given to its first argument; there is one too many."""
    meta.object_graph_def.nodes.add().constant.operation = constant(meta.graph_def, "path")
    for one in initializers(meta):
        table, file = one.bound_inputs
        del one.bound_inputs[:]
        one.bound_inputs.extend([table, len(meta.object_graph_def.nodes) - 1, file])


def an_asset_of_another_class(meta: Any) -> None:
    constant(meta.graph_def, "")
    for one in meta.object_graph_def.nodes:
        if one.WhichOneof("kind") == "asset":
            one.registered_name = "tf.TrackableConstant"


def an_output_beside_the_initializer(meta: Any) -> None:
    """Whoever may ask for it has the initializer run without the assets' names."""
    meta.signature_def[INITIALIZER].outputs["more"].name = f"{constant(meta.graph_def, 'answer')}:0"
    asset(meta, f"{constant(meta.graph_def, 'path')}:0")
    reader(meta.graph_def.node, "table", "path")
    next(one for one in meta.graph_def.node if one.name == "answer").input.append("^reads")


def a_sparse_output(meta: Any) -> None:
    an_output_beside_the_initializer(meta)
    del meta.signature_def[INITIALIZER].outputs["more"]
    sparse = meta.signature_def["pooled"].outputs["sparse"].coo_sparse
    sparse.values_tensor_name, sparse.indices_tensor_name = "answer:0", "answer:0"


def saver(meta: Any, name: str) -> None:
    made = function(meta, name)
    for part in ("prefix", "names", "slices", "tensor"):
        constant_of(made, part)
    made.node_def.add(name="saves", op="SaveV2").input.extend(["prefix:output:0", "names:output:0", "slices:output:0"])


def constant_of(made: Any, name: str) -> None:
    made.node_def.add(name=name, op="Const").attr["dtype"].type = TEXT


def created_by_name_alone(meta: Any) -> None:
    """TensorFlow 2's loader finds a function in the library that is none of those it is told how to call."""
    saver(meta, "creates")
    never_run = meta.graph_def.node.add(name="never_run", op="StatefulPartitionedCall")
    never_run.attr["f"].func.name = "creates"
    objects = meta.object_graph_def.nodes
    tables = [one for one in objects if one.WhichOneof("kind") == "resource"]
    at = next(child.node_id for child in tables[0].children if child.local_name == "_create_resource")
    objects[at].bare_concrete_function.concrete_function_name = "creates"


def nobody_calls(meta: Any) -> None:
    saver(meta, "unused")


def of_tensorflow_1(meta: Any) -> None:
    """Without an object graph, TensorFlow 1's loader is the one that loads it."""
    meta.ClearField("object_graph_def")


def as_a_variables_initializer(meta: Any) -> None:
    of_tensorflow_1(meta)
    path = constant(meta.graph_def, "path")
    meta.graph_def.node.add(name="saves", op="SaveV2").input.extend([path, path, path])
    variable(meta, "local_variables", variable_name="v:0", initializer_name="saves", snapshot_name="v:0")


def in_a_variable_whose_name_is_the_nodes(meta: Any) -> None:
    """Two handles of one variable: one names it, the other one bears its name."""
    of_tensorflow_1(meta)
    nodes, path = meta.graph_def.node, constant(meta.graph_def, "path")
    asset(meta, f"{constant(meta.graph_def, 'good')}:0")
    for name, shared, value in (("first", b"second", "good"), ("second", b"", path)):
        nodes.add(name=name, op="VarHandleOp").attr["shared_name"].s = shared
        nodes.add(name=f"write_{name}", op="AssignVariableOp").input.extend([name, value])
    nodes.add(name="value", op="ReadVariableOp").input.extend(["first", "^write_second"])
    reader(nodes, "table", "value")
    start_with(meta, "reads")


def in_a_variable_without_a_name(meta: Any) -> None:
    """All handles without a name are one variable, also those in a function."""
    in_a_variable_whose_name_is_the_nodes(meta)
    for node in list(meta.graph_def.node):
        if node.op == "VarHandleOp":
            node.attr["shared_name"].s = b""
        elif node.name in ("second", "write_second"):
            meta.graph_def.node.remove(node)
    first = next(one for one in meta.graph_def.node if one.name == "value")
    first.input[1] = "^call_writes"
    made = function(meta, "writes")
    constant_of(made, "path")
    made.node_def.add(name="second", op="VarHandleOp")
    made.node_def.add(name="write", op="AssignVariableOp").input.extend(["second:resource:0", "path:output:0"])
    call(meta, "writes")


def in_a_variable_beside_one_without_a_name(meta: Any) -> None:
    """Loaders that give it the name of its node give it one that was not seen: `C/v` when it is in a function."""
    in_a_variable_whose_name_is_the_nodes(meta)
    handles = [one for one in meta.graph_def.node if one.op == "VarHandleOp"]
    next(one for one in handles if one.name == "first").attr["shared_name"].s = b"its own"


def in_a_variable(meta: Any) -> None:
    """As TensorFlow 2 keeps an asset's name."""
    in_a_variable_whose_name_is_the_nodes(meta)
    for node in list(meta.graph_def.node):
        if node.name in ("second", "write_second"):
            meta.graph_def.node.remove(node)
    next(one for one in meta.graph_def.node if one.name == "value").input[1] = "^write_first"


def in_a_variable_of_the_checkpoint(meta: Any) -> None:
    """TensorFlow makes a saver for the variables of a collection, and for what else can be saved."""
    in_a_variable(meta)
    variable(meta, "variables", variable_name="first:0", initializer_name="write_first", initial_value_name="good:0")


def in_a_variable_of_the_checkpoint_by_a_read(meta: Any) -> None:
    in_a_variable(meta)
    meta.collection_def["saveable_objects"].node_list.value.append("value:0")


def in_a_variable_that_a_collection_has(meta: Any) -> None:
    """Whatever the collection: no loader knows of one that is none of its own."""
    in_a_variable(meta)
    meta.collection_def["mine"].node_list.value.append("first:0")


READERS = [
    *(while_the_checkpoint_is_restored, another_output_of_the_node, both_outputs_of_the_node),
    *(in_the_place_of_another_function, with_a_good_name_too, in_a_list, more_bound_than_taken),
    *(an_asset_of_another_class, an_output_beside_the_initializer, a_sparse_output),
    *(in_a_variable_whose_name_is_the_nodes, in_a_variable_without_a_name, in_a_variable_beside_one_without_a_name),
    *(in_a_variable_of_the_checkpoint, in_a_variable_of_the_checkpoint_by_a_read, in_a_variable_that_a_collection_has),
]
SAVERS = (created_by_name_alone, nobody_calls, as_a_variables_initializer)


@pytest.mark.parametrize(("attack", "told"), [*((one, READS) for one in READERS), *((one, SAVES) for one in SAVERS)])
def test_no_file_but_its_own(attack: Callable[[Any], None], told: str, honest: Path, tmp_path: Path) -> None:
    assert saved_model.dangers(honest) == []
    folder = changed(honest, tmp_path / "hostile", attack)
    with pytest.raises(InputError, match="must only compute") as raised:
        hub_encoder.load(folder)
    assert told in raised.value.found


# A saver that TensorFlow 1's loader makes adds it. The loader looks for most names only then.
ADDED = "save/SaveV2"


def as_what_initializes_the_model(meta: Any) -> None:
    meta.signature_def[INITIALIZER].outputs[INITIALIZER].name = ADDED


def as_what_a_signature_gives(meta: Any) -> None:
    meta.signature_def["pooled"].outputs["written"].name = f"{ADDED}:0"


def as_what_a_signature_takes(meta: Any) -> None:
    meta.signature_def["pooled"].inputs["path"].name = f"{ADDED}:0"


def as_a_part_of_what_a_signature_takes(meta: Any) -> None:
    meta.signature_def["pooled"].inputs["path"].composite_tensor.components.add().coo_sparse.values_tensor_name = ADDED


def as_what_a_collection_has(meta: Any) -> None:
    meta.collection_def["saved_model_main_op"].node_list.value[:] = [ADDED]


def as_a_control_input(meta: Any) -> None:
    meta.collection_def["saved_model_main_op"].node_list.value[:] = [f"^{ADDED}"]


def as_what_restores(meta: Any) -> None:
    meta.saver_def.restore_op_name = ADDED


def as_what_is_given_the_checkpoint_s_name(meta: Any) -> None:
    meta.saver_def.filename_tensor_name = f"{ADDED}:0"


def as_what_is_given_an_asset_s_name(meta: Any) -> None:
    asset(meta, f"{ADDED}:0")


def variable(meta: Any, key: str, **names: str) -> None:
    from tensorflow.core.framework.variable_pb2 import VariableDef

    meta.collection_def[key].bytes_list.value.append(VariableDef(**names).SerializeToString())


def as_a_variable(meta: Any) -> None:
    variable(meta, "metric_variables", variable_name=f"{ADDED}:0")


def as_what_a_variable_begins_with(meta: Any) -> None:
    variable(meta, "global_step", initial_value_name=f"{ADDED}:0")


@pytest.mark.parametrize(
    "attack",
    [
        *(as_what_initializes_the_model, as_what_a_signature_gives, as_what_a_signature_takes),
        *(as_a_part_of_what_a_signature_takes, as_what_a_collection_has, as_a_control_input, as_what_restores),
        *(as_what_is_given_the_checkpoint_s_name, as_what_is_given_an_asset_s_name, as_a_variable),
        as_what_a_variable_begins_with,
    ],
)
def test_nobody_may_ask_for_a_node_that_was_not_looked_over(
    attack: Callable[[Any], None], honest: Path, tmp_path: Path
) -> None:
    found = saved_model.dangers(changed(honest, tmp_path / "hostile", attack))
    assert any(ADDED in one and "which no node of its graph has" in one for one in found), found


@pytest.mark.parametrize("key", ["variables", "saveable_objects"])
def test_tensorflow_never_makes_a_saver(key: str, honest: Path, tmp_path: Path) -> None:
    def remove_the_saver(meta: Any) -> None:
        meta.ClearField("saver_def")
        meta.collection_def[key].node_list.value.append(meta.graph_def.node[0].name)

    found = saved_model.dangers(changed(honest, tmp_path / "hostile", remove_the_saver))
    assert any(one.startswith("variables without a saver") for one in found), found


def test_the_variables_of_all_collections_are_looked_at() -> None:
    from tensorflow.core.framework.variable_pb2 import VariableDef
    from tensorflow.python.framework import ops

    from sentiment.tensorflow_setup import tf

    assert tf
    parsed = {key for key in ops._proto_function_registry.list() if ops.get_collection_proto_type(key) is VariableDef}
    assert parsed == set(graph_names.OF_VARIABLES)


def test_an_asset_s_name_may_be_kept_in_a_variable_as_tensorflow_2_keeps_it(honest: Path, tmp_path: Path) -> None:
    assert saved_model.dangers(changed(honest, tmp_path / "changed", in_a_variable)) == []


def test_the_encoders_of_a_hub_stay_harmless(hub_folder: Path) -> None:
    assert saved_model.dangers(hub_folder / "encoder") == []


@pytest.mark.parametrize("name", ["two\nlines", "\udcff", "\x1b[31m"])
def test_a_name_that_could_be_two_is_refused(name: str, honest: Path, tmp_path: Path) -> None:
    folder = changed(honest, tmp_path / "hostile", lambda meta: None)
    (folder / "assets" / name).write_bytes(b"")
    with pytest.raises(InputError, match="more than plain characters") as raised:
        hub_encoder.load(folder)
    assert str(raised.value).isprintable()
    with pytest.raises(InputError, match="more than plain characters"):
        hub_encoder.copy(folder, tmp_path / "copied")


def test_folders_that_are_very_deep_are_refused_at_once(honest: Path, tmp_path: Path) -> None:
    folder = changed(honest, tmp_path / "hostile", lambda meta: None)
    deep = folder / "assets"
    for _ in range(1500):
        deep /= "d"
        deep.mkdir()
    try:
        with pytest.raises(InputError, match="the folder assets/d/d, which goes deeper than 16"):
            hub_encoder.load(folder)
    finally:
        subprocess.run(["rm", "-r", str(folder)], check=True)  # Python's own way is too deep for it


def test_what_a_stranger_named_does_not_steer_a_terminal(honest: Path, tmp_path: Path) -> None:
    def add(meta: Any) -> None:
        meta.graph_def.node.add(name="t", op="\x1b]0;owned\x07")

    assert saved_model.dangers(changed(honest, tmp_path / "hostile", add)) == [r"the operation \x1b]0;owned\x07"]


def test_an_asset_whose_name_no_file_can_have_is_refused(honest: Path, tmp_path: Path) -> None:
    def name(meta: Any) -> None:
        meta.asset_file_def[0].filename = "words\0.txt"

    found = saved_model.dangers(changed(honest, tmp_path / "hostile", name))
    assert found == [r"the asset 'words\x00.txt', which is outside its folder"]


@pytest.mark.parametrize(("name", "times"), [("a" * 1001, 1), ("a/" * 16 + "a", 1), ("words.txt", 1001)])
def test_names_of_assets_are_counted_before_they_are_followed(
    name: str, times: int, honest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part of a name is looked up on the disk, from the first one on."""

    def add(meta: Any) -> None:
        for _ in range(times):
            meta.asset_file_def.add(filename=name)

    folder = changed(honest, tmp_path / "hostile", add)
    followed: list[Path] = []
    is_inside = saved_model_files.is_inside

    def counted(file: Path, folder: Path) -> bool:
        followed.append(file)
        return is_inside(file, folder)

    monkeypatch.setattr(saved_model_files, "is_inside", counted)
    found = saved_model.dangers(folder)
    assert len(found) == 1
    assert "asset" in found[0]
    assert len(followed) < 20


def no_such_asset(meta: Any) -> None:
    for one in meta.object_graph_def.nodes:
        if one.WhichOneof("kind") == "asset":
            one.asset.asset_file_def_index = 99


def no_such_object(meta: Any) -> None:
    meta.object_graph_def.nodes[0].children.add(node_id=10_000, local_name="more")


def of_another_kind(meta: Any) -> None:
    meta.object_graph_def.nodes[0].children.add(node_id=0, local_name="do_lower_case")


def functions_in_a_ring(meta: Any) -> None:
    """Of those that touch no file, for the saver's are refused for that: their order is another one each time."""
    library = meta.graph_def.library.function
    own = next(one for one in library if CHECKPOINT.isdisjoint(node.op for node in one.node_def))
    own.node_def.add(name="ring", op="StatefulPartitionedCall").attr["f"].func.name = own.signature.name


@pytest.mark.parametrize("change", [no_such_asset, no_such_object, of_another_kind, functions_in_a_ring])
def test_parts_that_do_not_go_together_are_one_line(
    change: Callable[[Any], None], hub_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="an encoder's SavedModel must be whole"):
        hub_encoder.source(str(changed(hub_folder / "encoder", tmp_path / "hostile", change)), None)
