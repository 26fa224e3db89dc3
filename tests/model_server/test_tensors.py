"""Tensors of gRPC requests that claim more than they hold."""

from __future__ import annotations

import pytest
from tensorflow.core.framework import tensor_pb2, types_pb2

from sentiment.model_server.refusal import Refusal
from sentiment.model_server.tensors import from_proto


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
