"""TensorRT (TF-TRT): the SavedModel's graph in half precision, with engines built in advance for the served shapes.

TF-TRT freezes and converts the graph of one signature and saves only that one. This module puts the `text` signature
back in front of the converted graph: its tokenizer stays in TensorFlow, and the engines are stored once. An engine
fits only the kind of GPU on which it was built. Without a GPU or TensorRT's libraries, nothing is made; `missing` says
why.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sentiment.errors import SentimentError
from sentiment.export.buckets import SIZES, lengths_for
from sentiment.export.formats import MARKS, TENSORRT
from sentiment.export.graph import ServedModel
from sentiment.export.parity import ROUNDED, Reference
from sentiment.model.batches import Inputs
from sentiment.model.folder import OpenedModel
from sentiment.model.scoring import INPUTS
from sentiment.tensorflow_setup import tf

SIGNATURE = "serving_default"
BATCH_SIZES = (SIZES[0], SIZES[-1])  # engines are built for these, and accept whatever is between
SHORTEST = 2  # pieces of an empty text: [CLS] [SEP]
ENGINE = "TRTEngineOp"
Shape = tuple[int, int]


class ConversionError(SentimentError):
    """TensorRT converted no part of the graph."""


@dataclass(frozen=True)
class Plan:
    """How to convert a model. The first three values after `shapes` are the older tool's.

    `shapes` are the (batch, length) pairs for which engines are built. A profile for each makes these fastest, and one
    over their whole range accepts every shape in between (Range+Optimal); all are profiles of one engine, so one is
    cached. Other shapes run in TensorFlow: a client must not wait for an engine to be built.
    """

    shapes: tuple[Shape, ...]
    precision_mode: str = "FP16"
    minimum_segment_size: int = 3
    maximum_cached_engines: int = 1
    profile_strategy: str = "Range+Optimal"
    allow_build_at_runtime: bool = False

    @property
    def range(self) -> tuple[Shape, Shape]:
        """The smallest and the largest (batch, length) that an engine accepts."""
        batches, lengths = zip(*self.shapes, strict=True)
        return (min(batches), min(lengths)), (max(batches), max(lengths))

    def arguments(self, folder: Path) -> dict[str, Any]:
        """Returns the arguments of `TrtGraphConverterV2` for the SavedModel in `folder`."""
        return {
            "input_saved_model_dir": str(folder),
            "input_saved_model_signature_key": SIGNATURE,
            "use_dynamic_shape": True,
            "dynamic_shape_profile_strategy": self.profile_strategy,
            "precision_mode": self.precision_mode,
            "minimum_segment_size": self.minimum_segment_size,
            "maximum_cached_engines": self.maximum_cached_engines,
            "use_calibration": False,  # of eight-bit engines
            "allow_build_at_runtime": self.allow_build_at_runtime,
        }

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "range": self.range}


def plan_for(max_seq_length: int) -> Plan:
    """Returns the plan for a model: the batch sizes and lengths of the warm-up, and the shortest length."""
    lengths = [SHORTEST, *lengths_for(max_seq_length)]
    return Plan(tuple((batch, length) for batch in BATCH_SIZES for length in lengths))


def missing() -> str | None:
    """Returns why TensorRT cannot be used on this machine; None when it can."""
    from tensorflow.compiler.tf2tensorrt import _pywrap_py_utils as trt

    if not tf.config.list_physical_devices("GPU"):
        return "TensorFlow sees no GPU"
    if not trt.is_tensorrt_enabled():
        wanted = ".".join(map(str, trt.get_linked_tensorrt_version()))
        return f"TensorRT's libraries (libnvinfer, version {wanted}) cannot be loaded"
    return None


def make(opened: OpenedModel, reference: Reference, folder: Path, *, batching: bool = True) -> dict[str, Any]:
    """Converts the model into a whole version folder and compares it with the trained model.

    `batching` is as in `graph.save`. Returns {parity, engines, plan}. Raises: ConversionError, ParityError.
    """
    plan = plan_for(opened.card.max_seq_length)
    plain, converted = folder / "plain", folder / "converted"
    save_plain(opened, plain)
    convert(plain, converted, plan)
    if not (engines := count_engines(converted)):
        raise ConversionError("TensorRT converted no part of the graph")
    save_converted(converted, opened, folder, batching=batching)
    for made in (plain, converted):
        shutil.rmtree(made)
    parity = reference.check_saved_model(folder, ROUNDED)
    return {"parity": parity, "engines": engines, "plan": plan.as_json()}


def save_plain(opened: OpenedModel, folder: Path) -> None:
    """Saves what is converted: `serving_default` alone, without batching, into which the converter does not look."""
    served = ServedModel(opened, batching=False)
    inputs = {name: tf.TensorSpec((None, None), tf.int32, name=name) for name in INPUTS}
    classify = tf.function(served.classify_ids, autograph=False).get_concrete_function(**inputs)
    tf.saved_model.save(served, os.fspath(folder), signatures={SIGNATURE: classify})


def convert(plain: Path, folder: Path, plan: Plan) -> None:
    """Converts the SavedModel of `save_plain`, builds the engines, and saves both in `folder`."""
    from tensorflow.python.compiler.tensorrt.trt_convert import TrtGraphConverterV2

    converter = TrtGraphConverterV2(**plan.arguments(plain))
    converter.convert()
    converter.build(input_fn=lambda: inputs_of(plan))
    converter.save(str(folder))


def inputs_of(plan: Plan) -> Iterator[Inputs]:
    """Yields the inputs for the profiles, one set for each shape."""
    for shape in plan.shapes:
        ones = np.ones(shape, np.int32)
        yield {**dict.fromkeys(INPUTS, ones), "segment_ids": np.zeros(shape, np.int32)}


def count_engines(folder: Path) -> int:
    """Returns the number of TensorRT engines in the graph of a SavedModel."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    graph = SavedModel.FromString((folder / MARKS[TENSORRT]).read_bytes()).meta_graphs[0].graph_def
    functions = [node for function in graph.library.function for node in function.node_def]
    return sum(node.op == ENGINE for node in [*graph.node, *functions])


class ConvertedModel(ServedModel):
    """A converted `serving_default` as the model server sees it: the same signatures as the plain one's."""

    def __init__(self, converted: Any, opened: OpenedModel, *, batching: bool = True) -> None:
        tf.Module.__init__(self, name="sentiment")
        self.converted = converted  # keeps the engines, which the graph finds by name
        answer = converted.signatures[SIGNATURE]
        self._answer_with(lambda inputs: answer(**inputs)["probabilities"], opened, batching=batching, packs=False)


def save_converted(converted: Path, opened: OpenedModel, folder: Path, *, batching: bool = True) -> None:
    """Saves the SavedModel in `converted`, which has only `serving_default`, to `folder` with all its signatures."""
    served = ConvertedModel(tf.saved_model.load(str(converted)), opened, batching=batching)
    tf.saved_model.save(served, os.fspath(folder), signatures=served.signatures())
