from __future__ import annotations

from pathlib import Path

import pytest

from sentiment.model.operations import OF_PYTHON, TENSORRT, TF_TEXT
from sentiment.tensorflow_setup import tf, tf_text
from sentiment.validation import operations


def test_all_operations_of_an_export_are_linked(exported: Path) -> None:
    used = operations.operations_of(exported)
    assert {"FastWordpieceTokenizeWithOffsets", "MatMul", "PartitionedCall"} & used
    assert operations.unknown(used) == []


@pytest.fixture
def trimming(tmp_path: Path) -> Path:
    """A graph that cuts pieces to length with what TF-Text got after 2.12.1, inside a function of a function."""

    class Trimming(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def trim(self, text: object) -> object:
            pieces = tf_text.WhitespaceTokenizer().tokenize(text)
            return tf_text.RoundRobinTrimmer(4).trim([pieces, pieces])[0].to_tensor()

    module = Trimming()
    tf.saved_model.save(module, str(tmp_path / "1"), signatures={"serving_default": module.trim})
    return tmp_path / "1"


def test_an_operation_that_is_too_new_is_named(trimming: Path) -> None:
    missing = operations.unknown(operations.operations_of(trimming))
    assert missing == ["TFText>RoundRobinTrim"]
    assert operations.way_out(missing) == "Cut pieces to length by slicing instead of a Trimmer"


def test_tensorrt_is_for_the_gpu_image_only() -> None:
    assert operations.unknown(["TRTEngineOp", "MatMul"]) == ["TRTEngineOp"]
    assert operations.unknown(["TRTEngineOp", "MatMul"], gpu=True) == []
    assert "--gpu-image" in operations.way_out(["TRTEngineOp"])
    assert "TF-Text 2.12.1" in operations.way_out(["MyOwnOp", "TRTEngineOp"])


def test_what_python_computes_is_not_linked() -> None:
    """The kernels are in the Python package: `tensorflow/python/lib/core/py_func.cc`. As it was, they passed."""
    assert operations.unknown([*OF_PYTHON, "Identity"]) == ["EagerPyFunc", "PyFunc", "PyFuncStateless"]
    assert not OF_PYTHON - operations.core_operations(), "else they would be unknown anyway"


def test_a_graph_that_calls_python_may_not_be_served(tmp_path: Path) -> None:
    class Calling(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def call(self, numbers: tf.Tensor) -> tf.Tensor:
            return tf.numpy_function(lambda found: found, [numbers], tf.float32)

    module = Calling()
    tf.saved_model.save(module, str(tmp_path / "1"), signatures={"serving_default": module.call})
    used = operations.operations_of(tmp_path / "1")
    assert operations.unknown(used) == ["PyFunc"]
    assert operations.dangers(tmp_path / "1", used) == ["the operation PyFunc"]


def test_phrases_and_offsets_of_tf_text_are_linked() -> None:
    """TF-Text 2.12.1's `tensorflow_text/BUILD:ops_lib` has them; the trimmers it has not."""
    linked = ["PhraseTokenize", "TFText>PhraseDetokenize", "TFText>ByteSplitByOffsets", "TFText>BoiseTagsToOffsets"]
    assert operations.unknown([*linked, "TFText>RoundRobinGenerateMasks"]) == ["TFText>RoundRobinGenerateMasks"]


def test_every_operation_of_tf_text_is_known_by_its_name() -> None:
    """A name with a mistake in it would never match: each is registered by the TF-Text that is installed."""
    from tensorflow.python.framework import op_def_registry

    assert {name for name in TF_TEXT | TENSORRT if op_def_registry.get(name) is None} == set()
    assert not TF_TEXT & operations.core_operations()


def test_a_file_that_is_no_saved_model_has_none(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\xff" * 100)
    assert operations.operations_of(tmp_path) == frozenset()
