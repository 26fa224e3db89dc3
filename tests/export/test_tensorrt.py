"""Neither a GPU nor TensorRT's libraries are needed here: only the engines themselves cannot be built.

What is tested: the plan, what it is passed to, TensorFlow's own segmenting of our graph by it, and the fallback.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.results import in_json

from sentiment.data.tsv import Post
from sentiment.export import export as exporting
from sentiment.export import tensorrt
from sentiment.export.buckets import lengths_for
from sentiment.export.formats import batches_itself
from sentiment.export.tensorrt import Plan, plan_for
from sentiment.model.folder import open_model

export = in_json(exporting.export)


def trt_convert() -> Any:
    from tensorflow.python.compiler.tensorrt import trt_convert

    return trt_convert


def test_the_plan_has_the_originals_parameters() -> None:
    plan = plan_for(128)
    assert (plan.precision_mode, plan.minimum_segment_size, plan.maximum_cached_engines) == ("FP16", 3, 1)
    assert plan.allow_build_at_runtime is False


@pytest.mark.parametrize("max_seq_length", [8, 32, 100, 128, 512])
def test_engines_are_built_for_every_shape_that_is_warmed_up(max_seq_length: int) -> None:
    plan = plan_for(max_seq_length)
    served = {(batch, length) for batch in (1, 32) for length in lengths_for(max_seq_length)}
    assert served < set(plan.shapes)
    assert len(set(plan.shapes)) == len(plan.shapes)
    assert plan.range == ((1, 2), (32, max_seq_length))


def test_the_inputs_that_the_profiles_are_taken_from_have_those_shapes() -> None:
    plan = Plan(((1, 2), (3, 5)))
    given = list(tensorrt.inputs_of(plan))
    assert [inputs["input_ids"].shape for inputs in given] == [(1, 2), (3, 5)]
    assert all(set(inputs) == {"input_ids", "input_mask", "segment_ids"} for inputs in given)
    assert {array.dtype for inputs in given for array in inputs.values()} == {np.dtype(np.int32)}


def test_the_converter_takes_every_argument(tmp_path: Path) -> None:
    arguments = plan_for(64).arguments(tmp_path)
    signature = inspect.signature(trt_convert().TrtGraphConverterV2.__init__)
    assert set(arguments) < set(signature.parameters)
    signature.bind(object(), **arguments)
    assert arguments["input_saved_model_signature_key"] == "serving_default"
    assert arguments["dynamic_shape_profile_strategy"] in trt_convert().supported_profile_strategies()


def test_the_real_conversion_parameters_accept_the_plan(tmp_path: Path) -> None:
    converting = trt_convert()
    arguments = plan_for(64).arguments(tmp_path)
    fields = {name: arguments[name] for name in converting.TrtConversionParams._fields if name in arguments}
    parameters = converting.TrtConversionParams(**fields)
    converting._check_conversion_params(parameters, is_v2=True)
    assert (parameters.precision_mode, parameters.minimum_segment_size) == ("FP16", 3)
    assert (parameters.maximum_cached_engines, parameters.allow_build_at_runtime) == (1, False)


@pytest.fixture(scope="module")
def plain(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is converted."""
    folder = tmp_path_factory.mktemp("plain") / "plain"
    tensorrt.save_plain(open_model(trained), folder)
    return folder


def engine_nodes(graph: Any) -> dict[str, Any]:
    return {node.name: node for node in graph.node if node.op == tensorrt.ENGINE}


def test_tensorflow_segments_the_served_graph_as_planned(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its checks for the library and for a GPU are passed over; the segmenting that follows is the real one."""
    converting = trt_convert()
    monkeypatch.setattr(converting, "_check_trt_version_compatibility", lambda: None)
    on_gpu = SimpleNamespace(zeros=lambda shape: SimpleNamespace(device="/device:GPU:0"))
    monkeypatch.setattr(converting, "array_ops", on_gpu)
    converter = converting.TrtGraphConverterV2(**plan_for(32).arguments(plain))
    converter.convert()
    graph = converter._converted_graph_def
    engines = engine_nodes(graph)
    functions = {function.signature.name: function for function in graph.library.function}
    held = {name: functions[node.attr["segment_func"].func.name].node_def for name, node in engines.items()}
    assert max(len(nodes) for nodes in held.values()) > 100
    assert sum(node.op == "MatMul" for nodes in held.values() for node in nodes) >= 6
    assert not {node.op for node in graph.node} & {"MatMul", "Softmax", "BatchMatMulV2"}
    for node in engines.values():
        assert node.attr["precision_mode"].s == b"FP16"
        assert node.attr["profile_strategy"].s == b"Range+Optimal"
        assert node.attr["max_cached_engines_count"].i == 1
        assert node.attr["_use_implicit_batch"].b is False


def test_without_the_library_the_converter_says_so(plain: Path, tmp_path: Path) -> None:
    if tensorrt.missing() is None:
        pytest.skip("TensorRT is here")
    with pytest.raises(RuntimeError, match="TensorRT"):
        tensorrt.convert(plain, tmp_path / "converted", plan_for(32))


def test_it_is_never_reported_as_made_where_it_cannot_be(
    trained: Path,
    posts: list[Post],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(tensorrt, "missing", lambda: "TensorFlow sees no GPU")
    result = export(trained, tmp_path / "1", posts, ["tensorrt"])
    assert result["formats"]["tensorrt"] == {"made": False, "why": "TensorFlow sees no GPU"}
    assert result["formats"]["savedmodel"]["made"] is True
    said = [line for line in capsys.readouterr().err.splitlines() if "not made" in line]
    assert said == [
        "export: tensorrt is not made: TensorFlow sees no GPU; only the plain SavedModel is made",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_what_is_missing_is_what_tensorflow_says() -> None:
    from tensorflow.compiler.tf2tensorrt import _pywrap_py_utils as library

    from sentiment.tensorflow_setup import tf

    there = bool(tf.config.list_physical_devices("GPU")) and library.is_tensorrt_enabled()
    assert (tensorrt.missing() is None) == there


def test_what_is_converted_has_no_batching_for_the_converter_does_not_look_into_it(plain: Path) -> None:
    assert not batches_itself(plain)


def test_the_text_signature_and_the_batching_are_put_around_a_converted_graph(
    trained: Path, posts: list[Post], plain: Path, tmp_path: Path
) -> None:
    """TF-TRT saves a frozen `serving_default` alone. Frozen by its own first step, without engines, it is one too."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    from sentiment.export.parity import ROUNDED, Reference
    from sentiment.model.scoring import INPUTS
    from sentiment.tensorflow_setup import tf

    loaded = tf.saved_model.load(str(plain))
    frozen = convert_variables_to_constants_v2(loaded.signatures["serving_default"])
    converted = tmp_path / "converted"
    specs = {name: tf.TensorSpec((None, None), tf.int32, name=name) for name in INPUTS}
    order = [tensor.name.split(":")[0] for tensor in frozen.inputs]
    answer = tf.function(
        lambda **inputs: {"probabilities": frozen(*[inputs[name] for name in order])[0]}, autograph=False
    ).get_concrete_function(**specs)
    tf.saved_model.save(tf.Module(), str(converted), signatures={"serving_default": answer})
    assert tensorrt.count_engines(converted) == 0

    opened = open_model(trained)
    tensorrt.save_converted(converted, opened, tmp_path / "1")
    # On some processors TensorFlow computes a frozen graph, whose layers it fuses, less exactly (0.0025 was seen).
    parity = Reference(opened, posts).check_saved_model(tmp_path / "1", ROUNDED)
    assert (parity.rows, parity.labels_equal) == (90, True)
    assert batches_itself(tmp_path / "1")
    again = tf.saved_model.load(str(tmp_path / "1"))
    assert set(again.signatures) == {"serving_default", "text", "titled"}
    assert again.signatures["text"](text=tf.constant(["好吃"]))["label"].shape == (1,)
    saved = SavedModel.FromString((tmp_path / "1" / "saved_model.pb").read_bytes())
    functions = saved.meta_graphs[0].graph_def.library.function
    assert sum(function.ByteSize() > 4 * opened.card.parameters for function in functions) == 1  # weights stored once
