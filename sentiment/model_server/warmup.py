"""The requests that a version answers before it may answer anybody: assets.extra/tf_serving_warmup_requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tensorflow_serving.apis import prediction_log_pb2

from sentiment.model_server.refusal import Code, Refusal
from sentiment.model_server.tensors import Array, from_proto
from sentiment.tensorflow_setup import tf

WARMUP_FILE = Path("assets.extra") / "tf_serving_warmup_requests"
MAX_RECORDS = 1000


def warmup_requests(version_folder: Path) -> Iterator[tuple[str, dict[str, Array], list[str]]]:
    """Yields signature, inputs and output filter of each record: a TFRecord of PredictionLog, at most 1000.

    Raises:
        Refusal: INVALID_ARGUMENT for too many records, UNIMPLEMENTED for a record that is no Predict request.
        tf.errors.DataLossError: the file is damaged.
    """
    file = version_folder / WARMUP_FILE
    if not file.is_file():
        return
    for position, record in enumerate(tf.data.TFRecordDataset(str(file)).as_numpy_iterator()):
        if position == MAX_RECORDS:
            raise Refusal(Code.INVALID_ARGUMENT, f"Number of warmup records exceeds the maximum: {MAX_RECORDS}")
        log = prediction_log_pb2.PredictionLog.FromString(record)
        if log.WhichOneof("log_type") != "predict_log":
            raise Refusal(Code.UNIMPLEMENTED, f"warm-up request {position} must be a Predict request")
        request = log.predict_log.request
        arrays = {name: from_proto(name, proto) for name, proto in request.inputs.items()}
        yield request.model_spec.signature_name, arrays, list(request.output_filter)
