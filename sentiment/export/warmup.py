"""The requests that the model server replays before it calls a version AVAILABLE, so that no client meets a cold graph.

Format: a TFRecord of `PredictionLog`, at most 1000, at `assets.extra/tf_serving_warmup_requests`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sentiment.model.tensorflow_setup import tf
from sentiment.model.tokenizer import Tokenizer

FILE = Path("assets.extra") / "tf_serving_warmup_requests"
BATCH_SIZES = (1, 32)
LENGTHS = (16, 32, 64, 128)  # in pieces; longer ones only where the model takes them
MODEL_NAME = "sentiment"


def write(folder: Path, tokenizer: Tokenizer, model_name: str = MODEL_NAME) -> int:
    """Writes the warm-up file of the version in `folder`; returns how many requests it holds."""
    (folder / FILE).parent.mkdir(parents=True, exist_ok=True)
    records = [record.SerializeToString() for record in requests(tokenizer, model_name)]
    with tf.io.TFRecordWriter(str(folder / FILE)) as writer:
        for record in records:
            writer.write(record)
    return len(records)


def lengths_for(max_seq_length: int, lengths: Sequence[int] = LENGTHS) -> list[int]:
    """Returns the lengths to warm up: those that fit, and the longest that the model takes."""
    return [*(length for length in lengths if length < max_seq_length), max_seq_length]


def requests(tokenizer: Tokenizer, model_name: str) -> Iterator[Any]:
    """Yields a PredictionLog for every signature, batch size and length."""
    for batch in BATCH_SIZES:
        for length in lengths_for(tokenizer.max_seq_length):
            ids = np.full((batch, length), tokenizer.separator, np.int32)
            ids[:, 0] = tokenizer.classify
            ones, zeros = np.ones_like(ids), np.zeros_like(ids)
            yield _log(model_name, "serving_default", {"input_ids": ids, "input_mask": ones, "segment_ids": zeros})
            yield _log(model_name, "text", {"text": np.array(["好" * (length - 2)] * batch, object)})


def _log(model_name: str, signature: str, inputs: dict[str, Any]) -> Any:
    from tensorflow_serving.apis import prediction_log_pb2

    log = prediction_log_pb2.PredictionLog()
    request = log.predict_log.request
    request.model_spec.name = model_name
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return log
