"""An encoder is a program: what it must not do is found before any of it runs, while it is loaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.hostile_encoders import changed, saved, trainable
from support.own_seconds import at_most

from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.model import hub_encoder, pinned, saved_model, saved_model_files
from sentiment.training.hyperparameters import choose
from sentiment.training.start import starting_point
from sentiment.training.training_files import Files


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A file that an attack would write; it must never be there."""
    return tmp_path / "owned"


def acts(target: Path) -> dict[str, Callable[[Any], Any]]:
    """What a hostile encoder would do, by the operation that does it."""
    from sentiment.tensorflow_setup import tf

    name, secret = str(target), str(target.with_name("secret"))
    raw = tf.raw_ops
    return {
        "WriteFile": lambda ids: tf.io.write_file(name, tf.strings.as_string(tf.shape(ids))[0]),
        "ReadFile": lambda ids: tf.io.read_file(secret),
        "MatchingFiles": lambda ids: tf.io.matching_files("/*"),
        "EagerPyFunc": lambda ids: tf.py_function(lambda: target.touch(), [], []),
        "PyFunc": lambda ids: tf.numpy_function(lambda: target.touch(), [], []),
        "PrintV2": lambda ids: raw.PrintV2(input="x", output_stream=f"file://{name}"),
        "TextLineDataset": lambda ids: tf.data.TextLineDataset(secret).reduce("", lambda _, line: line),
        "SaveV2": lambda ids: raw.SaveV2(prefix=name, tensor_names=["a"], shape_and_slices=[""], tensors=[ids]),
        "RestoreV2": lambda ids: raw.RestoreV2(
            prefix=secret, tensor_names=["a"], shape_and_slices=[""], dtypes=["int32"]
        )[0],
        # Of two rows it is given one: the other is what lay there before.
        "ParallelConcat": lambda ids: raw.ParallelConcat(values=[tf.ones((1, 4))], shape=[2, 4]),
        # A row of two values is said to have a thousand: the others are what lies behind them.
        "RaggedTensorToTensor": lambda ids: raw.RaggedTensorToTensor(
            shape=tf.constant([-1, -1], tf.int64),
            values=tf.constant([1, 2]),
            default_value=0,
            row_partition_tensors=[tf.constant([0, 1000], tf.int64)],
            row_partition_types=["ROW_SPLITS"],
        ),
        # The gradient of a row of three is said to be that of a thousand.
        "AvgPoolGrad": lambda ids: raw.AvgPoolGrad(
            orig_input_shape=[1, 1000, 3, 1],
            grad=tf.ones((1, 3, 3, 1)),
            ksize=[1, 2, 2, 1],
            strides=[1, 1, 1, 1],
            padding="SAME",
        ),
        "MergeV2Checkpoints": lambda ids: raw.MergeV2Checkpoints(
            checkpoint_prefixes=[secret], destination_prefix=name, delete_old_dirs=True
        ),
    }


ACTS = ["WriteFile", "ReadFile", "MatchingFiles", "EagerPyFunc", "PyFunc", "PrintV2", "TextLineDataset"]
ACTS += ["ParallelConcat", "RaggedTensorToTensor", "AvgPoolGrad", "SaveV2", "RestoreV2", "MergeV2Checkpoints"]


def refused(folder: Path) -> str:
    """Returns the line with which loading `folder` is refused."""
    with pytest.raises(InputError, match="must only compute") as raised:
        hub_encoder.load(folder)
    assert "\n" not in str(raised.value)
    return raised.value.found


@pytest.mark.parametrize("operation", ACTS)
def test_an_encoder_that_does_more_than_compute_is_refused(operation: str, target: Path, tmp_path: Path) -> None:
    folder = saved(tmp_path / "encoder", acts(target)[operation])
    assert operation in refused(folder)
    assert not list(tmp_path.glob("owned*"))


def test_it_is_refused_by_a_training_and_by_name(target: Path, files: Files, tmp_path: Path) -> None:
    folder = saved(tmp_path / "encoder", acts(target)["WriteFile"])
    settings = choose("tf-hub", str(folder), max_seq_length=16)
    with pytest.raises(InputError, match="found the operation WriteFile in"):
        starting_point(files, settings, Labels(), [])
    assert not target.exists()


def library(meta: Any) -> Any:
    return meta.graph_def.library.function


def test_a_function_with_the_name_of_an_operation_hides_nothing(hub_folder: Path, tmp_path: Path) -> None:
    def shadow(meta: Any) -> None:
        node = library(meta)[0].node_def.add(name="w", op="WriteFile")
        node.input.extend(["x", "y"])
        library(meta).add().signature.name = "WriteFile"

    assert "the operation WriteFile" in refused(changed(hub_folder / "encoder", tmp_path / "shadow", shadow))


def test_a_call_of_something_outside_its_library_is_refused(hub_folder: Path, tmp_path: Path) -> None:
    for number, called in enumerate(("ReadFile", "somewhere_else")):

        def call(meta: Any, name: str = called) -> None:
            library(meta)[0].node_def.add(name="c", op="PartitionedCall").attr["f"].func.name = name

        found = refused(changed(hub_folder / "encoder", tmp_path / str(number), call))
        assert f"a call of {called}, which is none of its functions" in found


def test_an_operation_of_tomorrow_is_refused(hub_folder: Path, tmp_path: Path) -> None:
    def add(meta: Any) -> None:
        meta.graph_def.node.add(name="t", op="TeleportFile")

    assert refused(changed(hub_folder / "encoder", tmp_path / "new", add)).startswith("the operation TeleportFile")


def test_an_asset_lies_in_its_folder(hub_folder: Path, target: Path, tmp_path: Path) -> None:
    def lead_out(meta: Any) -> None:
        meta.asset_file_def[0].filename = "../../../etc/passwd"

    found = refused(changed(hub_folder / "encoder", tmp_path / "out", lead_out))
    assert "the asset '../../../etc/passwd', which is outside its folder" in found
    linked = shutil.copytree(hub_folder / "encoder", tmp_path / "linked")
    (linked / "assets" / "vocab.txt").unlink()
    (linked / "assets" / "vocab.txt").symlink_to("/etc/passwd")
    assert "the link assets/vocab.txt, which leads out of its folder" in refused(linked)


@pytest.mark.parametrize("part", saved_model_files.PARTS)
def test_no_part_of_an_encoder_lies_elsewhere(part: str, hub_folder: Path, tmp_path: Path) -> None:
    """A link would carry what it leads to, on this machine, into every model folder."""
    encoder, outside = shutil.copytree(hub_folder / "encoder", tmp_path / "encoder"), tmp_path / "outside"
    if (encoder / part).exists():
        (encoder / part).rename(outside)
    else:
        outside.write_bytes(b"a secret")
    (encoder / part).symlink_to(outside)
    assert f"the link {part}, which leads out of its folder" in refused(encoder)
    for take in (lambda: hub_encoder.copy(encoder, tmp_path / "copied"), lambda: pinned.of_saved_model(encoder)):
        with pytest.raises(InputError, match=f"must lie in its own folder; found the link {part},"):
            take()
    assert not list((tmp_path / "copied").rglob("*"))


@pytest.mark.parametrize("name", ["debug/saved_model_debug_info.pb", "saved_model.pbtxt", "saved_model.cpb"])
@pytest.mark.parametrize("pipe", [False, True])
def test_what_tensorflow_would_load_unseen_is_refused(name: str, pipe: bool, hub_folder: Path, tmp_path: Path) -> None:
    encoder = shutil.copytree(hub_folder / "encoder", tmp_path / "encoder")
    (encoder / name).parent.mkdir(exist_ok=True)
    if pipe:
        os.mkfifo(encoder / name)
    else:
        (encoder / name).write_bytes(b"")
    told = f"{name.split('/')[0]}, which would be loaded unseen: remove it"
    assert told in refused(encoder)
    with pytest.raises(InputError, match=told):
        hub_encoder.copy(encoder, tmp_path / "copied")


def test_a_pipe_in_an_encoder_s_place_is_not_waited_for(hub_folder: Path, tmp_path: Path) -> None:
    encoder = shutil.copytree(hub_folder / "encoder", tmp_path / "encoder")
    (encoder / "saved_model.pb").unlink()
    os.mkfifo(encoder / "saved_model.pb")
    assert "saved_model.pb, which is no file" in refused(encoder)


def test_links_within_an_encoder_are_files_but_never_folders(hub_folder: Path, tmp_path: Path) -> None:
    encoder = shutil.copytree(hub_folder / "encoder", tmp_path / "encoder")
    (encoder / "assets" / "again.txt").symlink_to("vocab.txt")
    hub_encoder.copy(encoder, tmp_path / "copied")
    again = tmp_path / "copied" / "assets" / "again.txt"
    assert again.read_bytes() == (encoder / "assets" / "vocab.txt").read_bytes() and not again.is_symlink()
    (encoder / "assets" / "round").symlink_to("..")
    assert "the link assets/round, which leads to a folder" in refused(encoder)
    (encoder / "assets" / "round").unlink()
    (encoder / "assets" / "itself").symlink_to("itself")
    assert "assets/itself, which is no file" in refused(encoder)
    (encoder / "assets" / "itself").unlink()
    os.mkfifo(encoder / "assets" / "pipe")
    assert "assets/pipe, which is no file" in refused(encoder)
    (encoder / "assets" / "pipe").unlink()
    with (encoder / "assets" / "holes").open("wb") as file:
        file.truncate(1 << 40)
    assert "assets/holes, parts of which were never written" in refused(encoder)


def table(file: Any) -> Any:
    from sentiment.tensorflow_setup import tf

    pieces = tf.lookup.TextFileInitializer(file, tf.string, 0, tf.int64, 1, delimiter=" ")
    return tf.lookup.StaticHashTable(pieces, -1)


def test_a_vocabulary_among_the_assets_may_be_read(tmp_path: Path) -> None:
    from sentiment.tensorflow_setup import tf

    (tmp_path / "words.txt").write_text("好 1\n壞 2\n", encoding="utf-8")
    made = table(str(tmp_path / "words.txt"))
    folder = saved(tmp_path / "encoder", lambda ids: made.lookup(tf.constant("好")), table=made)
    (tmp_path / "words.txt").unlink()
    assert "InitializeTableFromTextFileV2" in saved_model.operations(saved_model.meta_graphs(folder)[0])
    assert saved_model.dangers(folder) == []
    assert "pooled" in tf.saved_model.load(str(folder)).signatures


def test_a_table_of_any_other_file_is_refused(tmp_path: Path) -> None:
    """The file's name is a constant of the graph, and no asset: TensorFlow would read it where it is."""
    from sentiment.tensorflow_setup import tf

    (tmp_path / "secret").write_text("a 1\n", encoding="utf-8")

    def read(_: Any) -> Any:
        made = tf.raw_ops.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64)
        return tf.raw_ops.InitializeTableFromTextFileV2(
            table_handle=made, filename=str(tmp_path / "secret"), key_index=0, value_index=1, delimiter=" "
        )

    folder = saved(tmp_path / "encoder", read)
    assert "InitializeTableFromTextFileV2 of a file that is none of its assets" in refused(folder)


def test_an_asset_that_is_read_while_answering_is_refused(tmp_path: Path) -> None:
    """Only while a model is loaded does the constant hold the asset's name; later it holds what the graph says."""
    from sentiment.tensorflow_setup import tf

    (tmp_path / "words.txt").write_text("好 1\n", encoding="utf-8")
    made = table(str(tmp_path / "words.txt"))
    folder = saved(tmp_path / "encoder", lambda ids: made.lookup(tf.constant("好")), table=made)

    def answer_by_reading(meta: Any) -> None:
        started = meta.signature_def["__saved_model_init_op"].outputs["__saved_model_init_op"]
        meta.signature_def["pooled"].outputs["pooled_output"].name = started.name

    found = refused(changed(folder, tmp_path / "answering", answer_by_reading))
    assert "InitializeTableFromTextFileV2 of a file that is none of its assets" in found


def test_the_saver_restores_its_own_checkpoint_only(hub_folder: Path, tmp_path: Path) -> None:
    def restore_another(meta: Any) -> None:
        meta.saver_def.filename_tensor_name = "another:0"

    def answer_by_saving(meta: Any) -> None:
        next(iter(meta.signature_def["serving_default"].outputs.values())).name = meta.saver_def.save_tensor_name

    found = refused(changed(hub_folder / "encoder", tmp_path / "another", restore_another))
    assert "RestoreV2 of a file that is not its checkpoint" in found
    found = refused(changed(hub_folder / "encoder", tmp_path / "saving", answer_by_saving))
    assert "SaveV2 outside of its saver" in found


def test_every_allowed_operation_exists() -> None:
    """A name with a mistake in it would allow nothing, and one that is forbidden must not be among them."""
    from tensorflow.python.framework import op_def_registry

    from sentiment.model import operations
    from sentiment.tensorflow_setup import tf, tf_text

    assert tf and tf_text
    assert {name for name in operations.ALLOWED if op_def_registry.get(name) is None} == set()
    touching = (
        "File",
        "Dataset",
        "Iterator",
        "PyFunc",
        "Print",
        "Reader",
        "Summary",
        "Queue",
        "Remote",
        "Send",
        "Recv",
    )
    readers = {name for name in operations.ASSET_READERS if "File" in name}
    assert {name for name in operations.ALLOWED if any(word in name for word in touching)} == readers | {
        "ShardedFilename"
    }


@pytest.mark.parametrize(
    "operation",
    ["SentencepieceOp", "TFText>NgramsStringJoin", "NormalizeUTF8", "SparseReshape", "Requantize", "TRTEngineOp"],
)
def test_an_encoder_has_no_tokenizer_and_no_engine(operation: str, hub_folder: Path, tmp_path: Path) -> None:
    def add(meta: Any) -> None:
        meta.graph_def.library.function[0].node_def.add(name="added", op=operation)

    found = refused(changed(hub_folder / "encoder", tmp_path / "hostile", add))
    assert found.startswith(f"the operation {operation} in ")


def test_the_code_of_a_lambda_layer_is_never_run(tmp_path: Path, target: Path) -> None:
    """Keras keeps a Lambda's code in keras_metadata.pb, which is neither read here nor copied to a model folder."""
    from sentiment.tensorflow_setup import keras, tf

    words = keras.layers.Input((None,), dtype=tf.int32)
    pooled = keras.layers.Lambda(lambda values: values[:, 0])
    model = keras.Model(words, pooled(keras.layers.Embedding(41, 4)(words)))
    model.save(tmp_path / "encoder", include_optimizer=False, save_format="tf")
    metadata = tmp_path / "encoder" / "keras_metadata.pb"
    assert b"Lambda" in metadata.read_bytes()
    metadata.write_bytes(b"\xff not even a message")
    assert len(hub_encoder.load(tmp_path / "encoder").trainable_variables) == 1
    hub_encoder.copy(tmp_path / "encoder", tmp_path / "copied")
    assert not (tmp_path / "copied" / "keras_metadata.pb").exists()
    assert len(hub_encoder.load(tmp_path / "copied").trainable_variables) == 1


def test_a_graph_that_ties_its_names_into_knots_is_refused_at_once(hub_folder: Path, tmp_path: Path) -> None:
    """Each of many readers gets its name through a chain of all the others: to follow each would take hours."""

    def tie(meta: Any) -> None:
        function = meta.graph_def.library.function.add()
        function.signature.name = "knot"
        function.node_def.add(name="n0", op="Const")
        for number in range(1, 4000):
            function.node_def.add(name=f"n{number}", op="Identity").input.append(f"n{number - 1}:output:0")
            function.node_def.add(name=f"r{number}", op="InitializeTableFromTextFileV2").input.extend(
                ["n0:output:0", f"n{number}:output:0"]
            )

    folder = changed(hub_folder / "encoder", tmp_path / "knot", tie)
    with at_most(10):
        assert "InitializeTableFromTextFileV2 of a file that is none of its assets" in refused(folder)


@pytest.mark.parametrize("how", ["as a constant", "by its parts"])
def test_a_tensor_that_cannot_be_counted_is_one_line(how: str, tmp_path: Path) -> None:
    """TensorFlow would end where it puts the graph in order: of a branch, when a post first takes it."""
    from sentiment.tensorflow_setup import tf

    def huge() -> Any:
        if how == "as a constant":
            return tf.raw_ops.Fill(dims=tf.constant([2**33, 2**33], tf.int64), value=1.0)
        part = tf.constant(2**33, tf.int64)
        return tf.raw_ops.BroadcastTo(input=1.0, shape=tf.stack([part, part]))

    def pooled(words: Any) -> Any:
        return words + tf.cond(tf.reduce_any(words > 1e6), lambda: tf.reduce_sum(huge()), lambda: 0.0)

    def without_shapes(meta: Any) -> None:
        for node in (node for function in meta.graph_def.library.function for node in function.node_def):
            node.attr.pop("_output_shapes", None)

    folder = changed(trainable(tmp_path / "before", pooled), tmp_path / "encoder", without_shapes)
    kind = "Fill" if how == "as a constant" else "BroadcastTo"
    with pytest.raises(InputError, match=f"fewer than .* elements; found the shape of a {kind} in") as raised:
        hub_encoder.load(folder)
    assert "\n" not in str(raised.value)
