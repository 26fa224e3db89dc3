"""Tensors of gRPC requests that claim more than they hold, and of REST requests that JSON does not hold."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from sentiment.model_server.admission import MOST_VALUES
from sentiment.model_server.json_outputs import render
from sentiment.model_server.refusal import Refusal
from sentiment.model_server.tensor_json import parse_body, to_array
from sentiment.model_server.tensors import Array, check_inputs, from_proto
from sentiment.tensorflow_setup import tf


def claimed(*sizes: int) -> tensor_pb2.TensorProto:
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_INT32)
    for size in sizes:
        proto.tensor_shape.dim.add().size = size
    return proto


@pytest.mark.parametrize("sizes", [(20_000_000, 0), (1_000_000_000, 0), (2**40, 0), (0, 2**40), (2**62, 0, 3)])
def test_rows_without_values_are_bounded_too(sizes: tuple[int, ...]) -> None:
    with pytest.raises(Refusal, match=r"larger than|must have at most"):
        from_proto("input_ids", claimed(*sizes))


def test_a_few_rows_without_values_are_what_they_are() -> None:
    assert from_proto("input_ids", claimed(0, 5)).shape == (0, 5)
    assert from_proto("input_ids", claimed(3, 0)).shape == (3, 0)


def given(value: Any, kind: str) -> Array:
    return to_array("x", value, tf.dtypes.as_dtype(kind))


def test_floats_are_taken_as_nearly_as_the_type_has_them() -> None:
    assert given([2**24 + 1, 1e300, -(10**39), 0.1], "float32").tolist() == [
        2**24,
        math.inf,
        -math.inf,
        float(np.float32(0.1)),
    ]
    assert given([2**53 + 1, 10**30], "float64").tolist() == [2**53, 1e30]


@pytest.mark.parametrize("number", ["1e999", "-1e999"])
def test_a_number_that_no_double_holds_is_no_json(number: str) -> None:
    with pytest.raises(Refusal, match=r"JSON Parse error: Number too big"):
        parse_body(b'{"inputs": [%s]}' % number.encode())
    assert parse_body(b'{"inputs": [Infinity, 1e308]}')[0]["inputs"] == [math.inf, 1e308]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"instances": ["\\ud800"]}', "The surrogate pair in string is invalid."),
        (b'{"note": {"\\uDC00": 1}, "instances": ["a"]}', "The surrogate pair in string is invalid."),
        (b'{"instances": [1], "instances": [2]}', "a key comes twice in an object"),
        (b'{"instances": [{"a": 1, "a": 2}]}', "a key comes twice in an object"),
    ],
)
def test_what_the_real_server_refuses_or_reads_otherwise_is_no_json(body: bytes, told: str) -> None:
    with pytest.raises(Refusal, match=f"JSON Parse error: {told}"):
        parse_body(body)


def test_escaped_text_is_text() -> None:
    assert parse_body(b'{"instances": ["\\ud83d\\ude00", "\\\\ud800"]}')[0]["instances"] == ["😀", "\\ud800"]


@pytest.mark.parametrize(
    ("value", "kind", "told"),
    [
        (["a"], "float32", "is not of expected type: float$"),
        ([True], "float64", "is not of expected type: double$"),
        ([1], "float16", "Conversion of JSON Value of input x to type: half"),
        ([1], "uint16", "Conversion of JSON Value of input x to type: uint16"),
        ([1], "complex64", "Conversion of JSON Value of input x to type: complex64"),
        ([10**400], "float32", "is not of expected type: float$"),
    ],
)
def test_what_json_cannot_hold_is_refused(value: Any, kind: str, told: str) -> None:
    with pytest.raises(Refusal, match=told):
        given(value, kind)


@pytest.mark.parametrize("kind", ["float16", "uint16", "complex64"])
def test_an_output_that_json_does_not_have_is_refused(kind: str) -> None:
    with pytest.raises(Refusal, match=f"Failed to write JSON value for tensor type: {kind}"):
        render({"a": np.zeros((2, 3), kind)}, row=True)


def test_rows_need_outputs_of_rows() -> None:
    rows, more = np.zeros((2, 3), np.float32), np.zeros((1,), np.float32)
    with pytest.raises(Refusal, match="Tensor name: b has inconsistent batch size: 1 expecting: 2: ask in column form"):
        render({"a": rows, "b": more}, row=True)
    with pytest.raises(Refusal, match="Tensor name: b has no shape information: ask in column form"):
        render({"a": rows, "b": np.array(1, np.float32)}, row=True)


def test_values_are_counted_over_all_inputs() -> None:
    info = meta_graph_pb2.TensorInfo(dtype=types_pb2.DT_INT32)
    info.tensor_shape.dim.add(size=-1)
    arrays = {name: np.zeros(MOST_VALUES // 2, np.int32) for name in ("a", "b")}
    check_inputs({"a": info, "b": info}, arrays)
    arrays["b"] = np.zeros(MOST_VALUES // 2 + 1, np.int32)
    with pytest.raises(Refusal, match="a request must have at most 2000000 values; found 2000001"):
        check_inputs({"a": info, "b": info}, arrays)


def test_complex_numbers_are_two_values_each() -> None:
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_COMPLEX64, scomplex_val=[1, 2, 3, 4])
    proto.tensor_shape.dim.add(size=2)
    assert from_proto("x", proto).tolist() == [1 + 2j, 3 + 4j]
