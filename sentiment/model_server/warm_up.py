"""Replays the requests that a version brings with it, before it becomes available."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from tensorflow_serving.apis import prediction_log_pb2

from sentiment.model_server.refusal import Code, Refusal, refusal_of
from sentiment.model_server.tensors import from_proto
from sentiment.tensorflow_setup import tf

FILE = Path("assets.extra") / "tf_serving_warmup_requests"
MOST_RECORDS = 1000
OF_LENGTH, AROUND = 8, 16  # bytes: of a record's length; of that and the two checksums
# Bytes of a record, and of all; `validate` writes some hundred KB and some ten MB. A file with a hole states any size.
LONGEST_RECORD, LARGEST = 16 << 20, 256 << 20
VERIFY = "Please verify your warmup data is in TFRecord format."
NEVER_REPLAYED = ("predict_streamed_log", "session_run_log")

Run = Callable[..., Any]  # of signature, arrays and output filter


def replay(version_folder: Path, run: Run, default_signature: str) -> None:
    """Runs the Predict requests of the version's warm-up file, a TFRecord of PredictionLog; a record may be empty.

    Source: `saved_model_warmup_util.cc:RunSavedModelWarmup`, `saved_model_warmup.cc:RunWarmupRequest`.

    Raises:
        Refusal: a record failed, with the code that it was answered with; INVALID_ARGUMENT for a record that is no
            PredictionLog or asks for something else than Predict, and for too many; UNIMPLEMENTED for records that the
            real server does not replay either; DATA_LOSS for a damaged file.
    """
    file = version_folder / FILE
    if not file.is_file():
        return
    for number, data in enumerate(_records(file)):
        if number == MOST_RECORDS:
            raise Refusal(
                Code.INVALID_ARGUMENT, f"Number of warmup records exceeds the maximum ({MOST_RECORDS}) at {file}"
            )
        try:
            _run(data, run, default_signature)
        except DecodeError:
            raise Refusal(Code.INVALID_ARGUMENT, f"Failed to parse warmup record: {number} from {file}") from None
        except (Refusal, tf.errors.OpError) as error:
            refusal = refusal_of(error)
            raise Refusal(refusal.code, f"warm-up request {number} failed: {refusal}") from error


def _records(file: Path) -> Iterator[bytes]:
    if damage := _too_long(file):
        raise Refusal(Code.DATA_LOSS, f"{damage}. {VERIFY}")
    try:
        yield from tf.data.TFRecordDataset(str(file)).as_numpy_iterator()
    except tf.errors.DataLossError as error:
        raise Refusal(Code.DATA_LOSS, f"{refusal_of(error)}. {VERIFY}") from error


def _too_long(file: Path) -> str:
    """Says which record is longer than its file or than one may be, or that the file is too large; "" if nothing is.

    TensorFlow would take memory for all of a record before it reads any: where there is not as much, the process ends.
    """
    size, at = file.stat().st_size, 0
    if size > LARGEST:
        return f"the file must have at most {LARGEST:,} bytes; found {size:,}"
    with file.open("rb") as read:
        for number in range(MOST_RECORDS + 1):
            read.seek(at)
            if len(length := read.read(OF_LENGTH)) < OF_LENGTH:
                break
            at += (bytes_of_it := int.from_bytes(length, "little")) + AROUND
            if at > size:
                return f"record {number} must end within the file, of {size} bytes; found its end at {at}"
            if bytes_of_it > LONGEST_RECORD:
                return f"record {number} must have at most {LONGEST_RECORD:,} bytes; found {bytes_of_it:,}"
    return ""


def _run(data: bytes, run: Run, default_signature: str) -> None:
    log = prediction_log_pb2.PredictionLog.FromString(data)
    kind = log.WhichOneof("log_type")
    if kind is None:
        return
    if kind in NEVER_REPLAYED:
        number = log.DESCRIPTOR.fields_by_name[kind].number
        raise Refusal(Code.UNIMPLEMENTED, f"Unsupported log_type for warmup: {number}")
    if kind != "predict_log":
        raise Refusal(Code.INVALID_ARGUMENT, f"this server replays Predict requests only, not a {kind}")
    request = log.predict_log.request
    arrays = {name: from_proto(name, proto) for name, proto in request.inputs.items()}
    run(request.model_spec.signature_name or default_signature, arrays, list(request.output_filter))
