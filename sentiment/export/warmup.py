"""The requests that the model server replays before it calls a version AVAILABLE, so that no client waits for tracing.

The file is a TFRecord of at most 1000 `PredictionLog` at `assets.extra/tf_serving_warmup_requests`. `sentiment
validate` writes it, with invented texts, and loads the version with it: what is served holds nobody's post.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sentiment import atomic
from sentiment.errors import InputError

FILE = Path("assets.extra") / "tf_serving_warmup_requests"
MOST_RECORDS = 1000  # the server refuses a version with more


def write(version: Path, requests: Iterable[Any]) -> int:
    """Replaces the warm-up file of a version folder with these PredictRequests; returns how many there are."""
    records = [_log(request).SerializeToString() for request in requests]
    if len(records) > MOST_RECORDS:
        raise InputError(
            f"a warm-up file must hold at most {MOST_RECORDS} requests",
            found=f"{len(records)} requests",
            do="Serve fewer batch sizes.",
        )
    from sentiment.tensorflow_setup import tf

    remove(version)
    with atomic.replacing(version / FILE) as file, tf.io.TFRecordWriter(str(file)) as writer:
        for record in records:
            writer.write(record)
    return len(records)


def remove(version: Path) -> None:
    """Removes the warm-up file and the remains of one that a killed process was writing."""
    for file in (version / FILE.parent).glob(f"*{FILE.name}*"):
        file.unlink()


def _log(request: Any) -> Any:
    from tensorflow_serving.apis import prediction_log_pb2

    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.CopyFrom(request)
    log.predict_log.request.model_spec.ClearField("version")
    return log
