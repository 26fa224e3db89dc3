"""Which records of a warm-up file are replayed, and with which code a load fails because of one."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tensorflow_serving.apis import prediction_log_pb2

from sentiment.model_server import warm_up
from sentiment.model_server.refusal import Code, Refusal
from sentiment.model_server.warm_up import FILE, LARGEST, LONGEST_RECORD, MOST_RECORDS, replay
from sentiment.tensorflow_setup import tf


def log_of(kind: str, *outputs: str) -> bytes:
    log = prediction_log_pb2.PredictionLog()
    if kind:
        getattr(log, kind).SetInParent()
    if kind == "predict_log":
        log.predict_log.request.output_filter.extend(outputs)
        log.predict_log.request.inputs["text"].CopyFrom(tf.make_tensor_proto(["好"]))
    return bytes(log.SerializeToString())


def written(folder: Path, *records: bytes) -> Path:
    (folder / FILE).parent.mkdir()
    with tf.io.TFRecordWriter(str(folder / FILE)) as writer:
        for record in records:
            writer.write(record)
    return folder


def never(*_: Any) -> None:
    raise AssertionError("nothing may be run")


def failing(error: Exception) -> Callable[..., None]:
    def run(*_: Any) -> None:
        raise error

    return run


def test_predict_requests_are_run_in_order_and_an_empty_record_is_passed_over(tmp_path: Path) -> None:
    """Source: `saved_model_warmup.cc:RunWarmupRequest`."""
    ran: list[tuple[str, list[str]]] = []
    folder = written(tmp_path, log_of("predict_log", "a"), log_of(""), log_of("predict_log", "b"))
    replay(folder, lambda signature, arrays, outputs: ran.append((signature, outputs)), "serving_default")
    assert ran == [("serving_default", ["a"]), ("serving_default", ["b"])]
    replay(tmp_path / "without", never, "serving_default")


@pytest.mark.parametrize(
    ("record", "code", "message"),
    [
        (log_of("session_run_log"), Code.UNIMPLEMENTED, "Unsupported log_type for warmup: 5"),
        (log_of("predict_streamed_log"), Code.UNIMPLEMENTED, "Unsupported log_type for warmup: 7"),
        (log_of("classify_log"), Code.INVALID_ARGUMENT, "replays Predict requests only, not a classify_log"),
        (log_of("multi_inference_log"), Code.INVALID_ARGUMENT, "not a multi_inference_log"),
        (b"\xff\xff", Code.INVALID_ARGUMENT, "Failed to parse warmup record"),
    ],
)
def test_records_that_are_not_replayed_fail_the_load(tmp_path: Path, record: bytes, code: Code, message: str) -> None:
    """Source: `saved_model_warmup.cc:RunWarmupRequest`, `saved_model_warmup_util.cc:RunSavedModelWarmup`."""
    with pytest.raises(Refusal, match=message) as refused:
        replay(written(tmp_path, record), never, "serving_default")
    assert refused.value.code is code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (tf.errors.ResourceExhaustedError(None, None, "no memory"), Code.RESOURCE_EXHAUSTED),
        (tf.errors.InvalidArgumentError(None, None, "no such row"), Code.INVALID_ARGUMENT),
        (Refusal(Code.FAILED_PRECONDITION, "no such signature"), Code.FAILED_PRECONDITION),
    ],
)
def test_a_request_that_fails_keeps_its_code(tmp_path: Path, error: Exception, code: Code) -> None:
    """Source: `saved_model_warmup_util.cc:RunSavedModelWarmup`. All of TensorFlow's were INVALID_ARGUMENT before."""
    with pytest.raises(Refusal, match="warm-up request 0 failed: no ") as refused:
        replay(written(tmp_path, log_of("predict_log")), failing(error), "serving_default")
    assert refused.value.code is code


def test_a_thousand_records_may_be_replayed(tmp_path: Path) -> None:
    """Source: `saved_model_warmup_util.cc:RunSavedModelWarmup`, `WarmupConsts::kMaxNumRecords`."""
    many = [log_of("")] * MOST_RECORDS
    (tmp_path / "many").mkdir()
    replay(written(tmp_path / "many", *many), never, "serving_default")
    (tmp_path / "more").mkdir()
    with pytest.raises(Refusal, match=r"Number of warmup records exceeds the maximum \(1000\) at ") as refused:
        replay(written(tmp_path / "more", *many, log_of("")), never, "serving_default")
    assert refused.value.code is Code.INVALID_ARGUMENT


def test_a_damaged_file_says_what_it_should_be(tmp_path: Path) -> None:
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_bytes(b"no record at all, but long enough")
    with pytest.raises(Refusal, match="Please verify your warmup data is in TFRecord format") as refused:
        replay(tmp_path, never, "serving_default")
    assert refused.value.code is Code.DATA_LOSS


@pytest.mark.parametrize("before", [b"", b"\0" * 16])
@pytest.mark.parametrize("length", [1, 1 << 40, (1 << 64) - 1])
def test_a_record_that_is_longer_than_its_file_is_never_read(
    before: bytes, length: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TensorFlow takes the memory for it first; without as much, the process of the server ended."""
    file = tmp_path / FILE
    file.parent.mkdir()
    file.write_bytes(before + length.to_bytes(8, "little") + bytes(8))
    monkeypatch.setattr(tf.data, "TFRecordDataset", lambda name: pytest.fail("it was read"))
    with pytest.raises(Refusal, match="must end within the file, of ") as refused:
        replay(tmp_path, never, "serving_default")
    assert refused.value.code is Code.DATA_LOSS


@pytest.mark.parametrize(
    ("length", "size", "said"),
    [
        (
            LONGEST_RECORD + 1,
            LONGEST_RECORD + 17,
            "record 0 must have at most 16,777,216 bytes; found 16,777,217",
        ),
        (LONGEST_RECORD, LARGEST + 1, "the file must have at most 268,435,456 bytes; found 268,435,457"),
    ],
)
def test_a_record_or_a_file_that_is_mostly_a_hole_is_never_read(
    length: int, size: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is as long as its file states, of which a few bytes are on the disk: the server took memory for all of it."""
    file = tmp_path / FILE
    file.parent.mkdir()
    file.write_bytes(length.to_bytes(8, "little") + bytes(8))
    os.truncate(file, size)
    monkeypatch.setattr(tf.data, "TFRecordDataset", lambda name: pytest.fail("it was read"))
    with pytest.raises(Refusal, match=re.escape(said)) as refused:
        replay(tmp_path, never, "serving_default")
    assert refused.value.code is Code.DATA_LOSS


def test_the_longest_record_is_within_its_bounds(tmp_path: Path) -> None:
    folder = written(tmp_path, bytes(LONGEST_RECORD))
    assert warm_up._too_long(folder / FILE) == ""
