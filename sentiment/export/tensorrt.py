"""TensorRT (TF-TRT): the SavedModel's graph in half precision, its engines built ahead for the shapes that are served.

TF-TRT freezes and converts the graph of one signature and saves only that one. The `text` signature is put back in
front of the converted graph: its tokenizer stays in TensorFlow, and the engines are stored once. An engine fits the
kind of GPU it was built on. Without a GPU or without TensorRT's libraries nothing is made; `missing` says why.
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
from sentiment.export import warmup
from sentiment.export.formats import MARKS, TENSORRT
from sentiment.export.graph import ServedModel
from sentiment.export.parity import ROUNDED, Reference
from sentiment.model.batches import Inputs
from sentiment.model.folder import OpenedModel
from sentiment.model.scoring import INPUTS
from sentiment.tensorflow_setup import tf

SIGNATURE = "serving_default"
SHORTEST = 2  # pieces of an empty text: [CLS] [SEP]
ENGINE = "TRTEngineOp"
Shape = tuple[int, int]


class ConversionError(SentimentError):
    """TensorRT took no part of the graph."""


@dataclass(frozen=True)
class Plan:
    """How a model is converted. The first three values are the original tool's.

    `shapes` are the (batch, length) that engines are built for. A profile for each makes those fastest, one over their
    whole range takes every shape between (Range+Optimal); all are profiles of one engine, so one is cached. A shape
    outside runs in TensorFlow: a client must not wait for an engine to be built.
    """

    shapes: tuple[Shape, ...]
    precision_mode: str = "FP16"
    minimum_segment_size: int = 3
    maximum_cached_engines: int = 1
    profile_strategy: str = "Range+Optimal"
    allow_build_at_runtime: bool = False

    @property
    def range(self) -> tuple[Shape, Shape]:
        """The smallest and the largest (batch, length) that an engine takes."""
        batches, lengths = zip(*self.shapes, strict=True)
        return (min(batches), min(lengths)), (max(batches), max(lengths))

    def arguments(self, folder: Path) -> dict[str, Any]:
        """Returns what `TrtGraphConverterV2` is made with, for the SavedModel in `folder`."""
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
    """Returns the plan for a model: the served batch sizes and lengths (those of the warm-up), from the shortest on."""
    lengths = [SHORTEST, *warmup.lengths_for(max_seq_length)]
    return Plan(tuple((batch, length) for batch in warmup.BATCH_SIZES for length in lengths))


def missing() -> str | None:
    """Returns why TensorRT cannot be used on this machine, or None."""
    from tensorflow.compiler.tf2tensorrt import _pywrap_py_utils as trt

    if not tf.config.list_physical_devices("GPU"):
        return "TensorFlow sees no GPU"
    if not trt.is_tensorrt_enabled():
        wanted = ".".join(map(str, trt.get_linked_tensorrt_version()))
        return f"TensorRT's libraries (libnvinfer, version {wanted}) cannot be loaded"
    return None


def make(opened: OpenedModel, reference: Reference, plain: Path, folder: Path) -> dict[str, Any]:
    """Converts the SavedModel in `plain` into a whole version folder and compares it with the trained model.

    Returns {parity, engines, plan}. Raises: ConversionError, ParityError.
    """
    plan = plan_for(opened.card.max_seq_length)
    converted = folder / "converted"
    convert(plain, converted, plan)
    if not (engines := count_engines(converted)):
        raise ConversionError("TensorRT took no part of the graph")
    add_text_signature(converted, opened, folder)
    shutil.rmtree(converted)
    parity = reference.check_saved_model(folder, ROUNDED)
    return {"parity": parity, "engines": engines, "plan": plan.as_json()}


def convert(plain: Path, folder: Path, plan: Plan) -> None:
    """Converts the graph of `serving_default`, builds the engines, and saves both in `folder`."""
    from tensorflow.python.compiler.tensorrt.trt_convert import TrtGraphConverterV2

    converter = TrtGraphConverterV2(**plan.arguments(plain))
    converter.convert()
    converter.build(input_fn=lambda: inputs_of(plan))
    converter.save(str(folder))


def inputs_of(plan: Plan) -> Iterator[Inputs]:
    """Yields the inputs from which the profiles are taken, one set for each shape."""
    for shape in plan.shapes:
        ones = np.ones(shape, np.int32)
        yield {**dict.fromkeys(INPUTS, ones), "segment_ids": np.zeros(shape, np.int32)}


def count_engines(folder: Path) -> int:
    """Returns how many TensorRT engines the graph of a SavedModel holds."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    graph = SavedModel.FromString((folder / MARKS[TENSORRT]).read_bytes()).meta_graphs[0].graph_def
    functions = [node for function in graph.library.function for node in function.node_def]
    return sum(node.op == ENGINE for node in [*graph.node, *functions])


class ConvertedModel(ServedModel):
    """A converted `serving_default` as the model server sees it: the same two signatures as the plain one's."""

    def __init__(self, converted: Any, opened: OpenedModel) -> None:
        tf.Module.__init__(self, name="sentiment")
        self.converted = converted  # keeps the engines, which the graph finds by name
        self.answer = converted.signatures[SIGNATURE]
        self.tokenizer = opened.tokenizer
        self.names = opened.card.labels
        self.forward = lambda inputs: self.answer(**inputs)["probabilities"]

    def classify_ids(self, input_ids: Any, input_mask: Any, segment_ids: Any) -> dict[str, Any]:
        """The mask is derived inside what was converted."""
        inputs = {"input_ids": input_ids, "input_mask": input_mask, "segment_ids": segment_ids}
        return {"probabilities": self.forward(inputs)}


def add_text_signature(converted: Path, opened: OpenedModel, folder: Path) -> None:
    """Saves the SavedModel in `converted`, which has only `serving_default`, in `folder` with both signatures."""
    served = ConvertedModel(tf.saved_model.load(str(converted)), opened)
    tf.saved_model.save(served, os.fspath(folder), signatures=served.signatures())
