from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sentiment.errors import InputError
from sentiment.export import warmup


def request(version: int = 0) -> Any:
    from tensorflow_serving.apis import predict_pb2

    made = predict_pb2.PredictRequest()
    made.model_spec.name, made.model_spec.signature_name = "sentiment", "text"
    if version:
        made.model_spec.version.value = version
    return made


def read(version: Path) -> list[Any]:
    from tensorflow_serving.apis import prediction_log_pb2

    from sentiment.tensorflow_setup import tf

    records = tf.data.TFRecordDataset(str(version / warmup.FILE)).as_numpy_iterator()
    return [prediction_log_pb2.PredictionLog.FromString(record).predict_log.request for record in records]


def test_requests_are_kept_without_the_version_that_answered_them(tmp_path: Path) -> None:
    assert warmup.write(tmp_path, [request(version=1), request()]) == 2
    assert read(tmp_path) == [request(), request()]


def test_the_file_is_replaced_and_a_killed_process_leaves_nothing(tmp_path: Path) -> None:
    warmup.write(tmp_path, [request()] * 3)
    leftover = tmp_path / warmup.FILE.parent / f".{warmup.FILE.name}.99999999.tmp"
    leftover.write_bytes(b"half")
    other = tmp_path / warmup.FILE.parent / "origin.json"
    other.touch()
    warmup.write(tmp_path, [request()])
    assert len(read(tmp_path)) == 1
    assert sorted(path.name for path in other.parent.iterdir()) == ["origin.json", warmup.FILE.name]
    warmup.remove(tmp_path)
    assert [path.name for path in other.parent.iterdir()] == ["origin.json"]


def test_more_requests_than_the_server_takes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must hold at most 1000 requests; found 1001"):
        warmup.write(tmp_path, [request()] * 1001)
    assert not (tmp_path / warmup.FILE).exists()
