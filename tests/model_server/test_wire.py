"""Small gRPC messages that would become millions of objects are refused before they are parsed."""

from __future__ import annotations

import gzip
import time
from typing import Any

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2

from sentiment.model_server import wire
from sentiment.model_server.admission import MAX_BYTES, MOST_VALUES
from sentiment.model_server.refusal import Refusal
from sentiment.model_server.wire import MOST_FIELDS, require_countable

PREDICT = predict_pb2.PredictRequest
ENTRY, TEXT = b"\x12", b"\x42\x00"  # of the inputs; an empty one of the texts
MANY = 8 * MOST_FIELDS


def field(tag: int, content: bytes) -> bytes:
    size, length = len(content), b""
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([tag]) + length + bytes([size]) + content


def tensor(content: bytes) -> bytes:
    return field(0x12, field(0x0A, b"text") + field(0x12, content))


BURDENS = {
    "inputs": b"\x12\x00" * MANY,
    "texts": tensor(TEXT * MANY),
    "dimensions": tensor(field(0x12, b"\x12\x00" * MANY)),
    "tensors in tensors": tensor(field(0x7A, field(0x1A, b"\x7a\x00" * MANY))),
    "filters": b"\x1a\x00" * MANY,
    "fields that nobody knows": b"\xf8\x01\x00" * MANY,
    "groups that nobody knows": b"\xfb\x01\xfc\x01" * MANY,
    "packed numbers": tensor(field(0x52, b"\x00" * (MOST_VALUES + 1))),
    "numbers, one by one": tensor(b"\x50\x00" * MANY),
}


@pytest.mark.parametrize("burden", BURDENS)
def test_what_would_become_too_many_objects_is_refused(burden: str) -> None:
    with pytest.raises(Refusal, match="a message must have at most"):
        require_countable(PREDICT.DESCRIPTOR, BURDENS[burden])


def test_other_requests_are_counted_too() -> None:
    with pytest.raises(Refusal, match="a message must have at most"):
        require_countable(get_model_metadata_pb2.GetModelMetadataRequest.DESCRIPTOR, b"\x12\x00" * MANY)


def test_the_largest_honest_requests_pass() -> None:
    texts = PREDICT()
    texts.inputs["text"].string_val.extend([b"x" * 60] * (MOST_FIELDS - 10))
    ids = PREDICT()
    for name in ("input_ids", "input_mask", "segment_ids"):
        ids.inputs[name].int_val.extend([300] * (1024 * 512))
    for request in (texts, ids):
        require_countable(PREDICT.DESCRIPTOR, request.SerializeToString())


@pytest.mark.parametrize(("name", "number"), [("int64_val", 2**40), ("float_val", 0.5), ("double_val", 0.5)])
def test_numbers_are_counted_as_the_parser_counts_them(
    name: str, number: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MOST_VALUES", 100_000)
    request = PREDICT()
    values = getattr(request.inputs["x"], name)
    values.extend([number] * 100_000)
    require_countable(PREDICT.DESCRIPTOR, request.SerializeToString())
    values.append(number)
    with pytest.raises(Refusal, match="values"):
        require_countable(PREDICT.DESCRIPTOR, request.SerializeToString())


@settings(max_examples=25)
@given(st.binary(max_size=60), st.binary(max_size=40))
def test_no_damage_ends_in_another_error(head: bytes, piece: bytes) -> None:
    data = head + piece * (1 + 3 * MOST_FIELDS // (len(piece) or 1))
    try:
        require_countable(PREDICT.DESCRIPTOR, data)
    except Refusal as refusal:
        assert "a message must have at most" in str(refusal)


@pytest.mark.parametrize("burden", ["inputs", "dimensions", "packed numbers"])
def test_a_thousand_bytes_that_become_millions_of_objects_hold_nobody_up(standing: Any, burden: str) -> None:
    """As it was, one message of 1.5 KB held everybody up for seconds."""
    times = (MAX_BYTES - 100) // len(BURDENS[burden])
    message = gzip.compress(BURDENS[burden] * times, 1)
    call = standing.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    began = time.process_time()
    with pytest.raises(grpc.RpcError) as refused:
        call(message, timeout=60)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "a message must have at most" in refused.value.details()
    assert time.process_time() - began < 1
    assert standing.ask("好") == ["正面"]


def test_a_shape_of_many_dimensions_is_refused_before_it_is_multiplied(standing: Any) -> None:
    """As it was, 60,000 dimensions were multiplied for 17 seconds, in which nobody was answered."""
    many = tensor_pb2.TensorProto(dtype=7)
    many.tensor_shape.dim.extend([many.tensor_shape.Dim(size=2**62)] * 20_000)
    with pytest.raises(grpc.RpcError, match="a shape must have at most 32 dimensions; found 20000"):
        standing.predict({"text": many}, "text")


@pytest.mark.parametrize("sizes", [[1], [], [0], [3]])
def test_values_that_the_shape_does_not_claim_are_not_converted(standing: Any, sizes: list[int]) -> None:
    more = tensor_pb2.TensorProto(dtype=9, int64_val=[0] * 50)
    more.tensor_shape.SetInParent()
    for size in sizes:
        more.tensor_shape.dim.add(size=size)
    with pytest.raises(grpc.RpcError, match="must hold its values; found 50 of "):
        standing.predict({"text": more}, "text")
