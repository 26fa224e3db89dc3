"""TFLite, for devices: the model as one flat file, in float32 or with eight-bit weights.

The tokenizer stays outside, because TFLite lacks its operations; its vocabulary is written beside the model. The file
takes one post at a time, of any length: a free batch size would need a TensorFlow operation (StridedSlice), a free
length needs none and is no slower (both measured). If an operation is missing in TFLite, it runs in TensorFlow's own
kernel (SELECT_TF_OPS); the result names such operations, because the file then needs the larger library.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from sentiment.errors import SentimentError
from sentiment.export.formats import MARKS, TFLITE, TFLITE_INT8
from sentiment.export.graph import ServedModel
from sentiment.export.parity import ROUNDED, SAME, Probabilities, Reference, compare, require
from sentiment.model import vocabulary
from sentiment.model.batches import Encoded
from sentiment.model.folder import CARD, VOCABULARY, OpenedModel
from sentiment.model.scoring import INPUTS
from sentiment.progress import progress
from sentiment.results.export import Parity
from sentiment.results.record import as_json
from sentiment.tensorflow_setup import tf

TOLERANCE = {TFLITE: SAME, TFLITE_INT8: ROUNDED}
WEIGHTS = {TFLITE: "float32", TFLITE_INT8: "int8, activations float32 (dynamic range)"}


class ConversionError(SentimentError):
    """TensorFlow could not convert the model."""


def make(opened: OpenedModel, reference: Reference, folder: Path, name: str) -> dict[str, Any]:
    """Writes the format `name` into `folder` and compares it with the trained model.

    Returns {parity, select_tf_ops}. Raises: ConversionError, ParityError.
    """
    content = convert(opened, eight_bit=name == TFLITE_INT8)
    (folder / MARKS[name]).write_bytes(content)
    found = probabilities(folder / MARKS[name], reference.encoded)
    parity = compare(reference.wanted, found)
    require(parity, TOLERANCE[name], name)
    fallbacks = select_tf_ops(content)
    vocabulary.write(folder / VOCABULARY, opened.pieces)
    write_card(folder, opened, name, parity, fallbacks)
    return {"parity": parity, "select_tf_ops": fallbacks}


def convert(opened: OpenedModel, *, eight_bit: bool) -> bytes:
    """Returns the flat file: int32 [1, L] `input_ids`, `input_mask`, `segment_ids` → float32 [1, labels]."""
    served = ServedModel(opened, batching=False)
    served.compute = served.forward  # one row, never none
    inputs = {name: tf.TensorSpec((1, None), tf.int32, name=name) for name in INPUTS}
    function = tf.function(served.classify_ids, autograph=False).get_concrete_function(**inputs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], served)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    if eight_bit:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    try:
        with silent_native_log():
            content: bytes = converter.convert()
    except Exception as error:  # the converter's own ConverterError, and whatever its passes raise
        reason = " ".join(str(error).split())[:300]
        raise ConversionError(f"TFLite's converter failed: {type(error).__name__}: {reason}") from error
    return content


@contextmanager
def silent_native_log() -> Iterator[None]:
    """Hides what C++ code writes to stderr: TFLite's converter logs before its log is set up."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with tempfile.TemporaryFile() as log:
            os.dup2(log.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def select_tf_ops(content: bytes) -> list[str]:
    """Returns the names of the operations that run in TensorFlow's kernels instead of TFLite's."""
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.Model.GetRootAs(content, 0)
    custom = (model.OperatorCodes(index).CustomCode() for index in range(model.OperatorCodesLength()))
    return sorted(code.decode().removeprefix("Flex") for code in custom if code and code.startswith(b"Flex"))


def probabilities(file: Path, encoded: Encoded) -> Probabilities:
    """Returns float32 [rows, labels]: the interpreter's answers to the rows, one at a time, without padding."""
    runner = tf.lite.Interpreter(str(file), num_threads=os.cpu_count()).get_signature_runner("serving_default")
    parts: dict[int, Any] = {}
    with progress(len(encoded), file.name) as line:
        for row in np.argsort(
            encoded.lengths, kind="stable"
        ).tolist():  # each new length makes it plan its memory again
            ids, segments = encoded.ids[row][np.newaxis], encoded.segments[row][np.newaxis]
            answer = runner(input_ids=ids, input_mask=np.ones_like(ids), segment_ids=segments)
            parts[row] = answer["probabilities"][0]
            line.update(1)
    return np.stack([parts[row] for row in range(len(encoded))])


def write_card(folder: Path, opened: OpenedModel, name: str, parity: Parity, fallbacks: list[str]) -> None:
    """Writes the model.json that a device needs: how to make the inputs and read the outputs."""
    card = opened.card
    text = json.dumps(
        {
            "format": name,
            "name": card.name,
            "inputs": dict.fromkeys(INPUTS, "int32 [1, L]"),
            "outputs": {"probabilities": f"float32 [1, {len(card.labels)}]"},
            "labels": card.labels,
            "labels_english": card.labels_english,
            "max_seq_length": card.max_seq_length,
            "lower_case": card.lower_case,
            "titles": card.titles is True,
            "weights": WEIGHTS[name],
            "select_tf_ops": fallbacks,
            "parity": as_json(parity),
            "data": as_json(card.data),
            "versions": card.versions,
        },
        ensure_ascii=False,
        indent=2,
    )
    (folder / CARD).write_text(text + "\n", encoding="utf-8")
