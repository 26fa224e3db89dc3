"""Converts TensorProto ↔ NumPy, and checks whether arrays fit a signature. Strings are object arrays of bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from tensorflow.core.framework import tensor_pb2, types_pb2

from sentiment.model_server.admission import require_few
from sentiment.model_server.refusal import Code, Refusal, quoted
from sentiment.tensorflow_setup import tf

Array = npt.NDArray[Any]
MAX_TENSOR_BYTES = 64 * 1024 * 1024
MOST_REPEATED = 4096  # values that a message may claim without holding them: a few rows of padding
STRING: int = types_pb2.DT_STRING
_VALUE_FIELDS = {
    "float32": "float_val",
    "float64": "double_val",
    "int8": "int_val",
    "int16": "int_val",
    "int32": "int_val",
    "uint8": "int_val",
    "int64": "int64_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
    "bool": "bool_val",
    "object": "string_val",
}


def from_proto(name: str, proto: Any) -> Array:
    """Returns the array that a TensorProto holds.

    Raises:
        Refusal: INVALID_ARGUMENT when it does not hold what its shape says, or would take more than 64 MB. A message of
            a few bytes may claim any shape, since its last value stands for all that follow: only as far as padding
            needs.
    """
    name, sizes = quoted(name), [dim.size for dim in proto.tensor_shape.dim]
    if proto.tensor_shape.unknown_rank or any(size < 0 for size in sizes):
        raise Refusal(Code.INVALID_ARGUMENT, f"tensor parsing error: {name}: the shape must be fully known")
    count = math.prod(sizes)
    try:
        kind = tf.dtypes.as_dtype(proto.dtype)
        if count * max(kind.size or 1, 1) > MAX_TENSOR_BYTES:
            raise Refusal(Code.INVALID_ARGUMENT, f"tensor parsing error: {name}: larger than {MAX_TENSOR_BYTES} bytes")
        require_few(math.prod(max(size, 1) for size in sizes))  # rows without values cost their place, too
        if not proto.tensor_content:
            _require_held(name, proto, count)
        if proto.dtype == STRING and len(proto.string_val) == count:  # as make_ndarray does it, in a third of the time
            return np.array(list(proto.string_val), object).reshape(sizes)
        array: Array = tf.make_ndarray(proto)
    except (ValueError, TypeError, OverflowError, KeyError) as error:  # KeyError: a type without an array
        raise Refusal(Code.INVALID_ARGUMENT, f"tensor parsing error: {name}: {error}") from None
    return array


def _require_held(name: str, proto: Any, claimed: int) -> None:
    if claimed <= 1:
        return
    held = sum(len(values) for field, values in proto.ListFields() if field.name.endswith("_val"))
    if claimed > max(held, 1 if proto.dtype == STRING else MOST_REPEATED):
        raise Refusal(
            Code.INVALID_ARGUMENT,
            f"tensor parsing error: {name}: a tensor must hold its values; found {held} of {claimed}",
        )


def to_proto(array: Array) -> Any:
    """Returns `array` as a TensorProto with its values in the typed field (`float_val` …), as the real server does."""
    field = _VALUE_FIELDS.get(array.dtype.name)
    if field is None:
        return tf.make_tensor_proto(array)
    kind = tf.string if field == "string_val" else tf.dtypes.as_dtype(array.dtype)
    proto = tensor_pb2.TensorProto(dtype=kind.as_datatype_enum)
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    if not array.ndim:
        proto.tensor_shape.SetInParent()  # a scalar has a shape, too
    getattr(proto, field).extend(array.ravel().tolist())
    return proto


def check_inputs(infos: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Raises: Refusal (INVALID_ARGUMENT) unless `arrays` are exactly the signature's inputs, types and shapes.

    `infos` are the signature's inputs: name → TensorInfo.
    """
    if set(infos) != set(arrays):
        extra, missing = sorted(set(arrays) - set(infos)), sorted(set(infos) - set(arrays))
        raise Refusal(
            Code.INVALID_ARGUMENT,
            f"input size does not match signature: {len(arrays)}!={len(infos)} len({_set(arrays)}) != "
            f"len({_set(infos)}). Sent extra: {_set(extra)}. Missing but required: {_set(missing)}.",
        )
    for name, info in infos.items():
        _check_input(name, info, arrays[name])


def _check_input(name: str, info: Any, array: Array) -> None:
    wanted = tf.dtypes.as_dtype(info.dtype)
    given = tf.string if array.dtype == object else tf.dtypes.as_dtype(array.dtype)
    if given != wanted:
        raise Refusal(Code.INVALID_ARGUMENT, f"Expects input {name} to be {wanted.name} but {given.name} is provided")
    if info.tensor_shape.unknown_rank:
        return
    shape = [dim.size for dim in info.tensor_shape.dim]
    fits = len(shape) == array.ndim and all(w in (-1, g) for w, g in zip(shape, array.shape, strict=True))
    if not fits:
        raise Refusal(
            Code.INVALID_ARGUMENT,
            f"Expects input {name} to be of shape {_shape(shape)} but {_shape(array.shape)} is provided",
        )


def select_outputs(available: Sequence[str], output_filter: Sequence[str]) -> list[str]:
    """Returns the names of the outputs to answer: those of the filter, or all."""
    for position, name in enumerate(output_filter):
        if name not in available:
            raise Refusal(
                Code.INVALID_ARGUMENT,
                f"output tensor alias not found in signature: {quoted(name)} "
                f"Outputs expected to be in the set {_set(available)}.",
            )
        if name in output_filter[:position]:
            raise Refusal(Code.INVALID_ARGUMENT, f"duplicate output tensor alias: {quoted(name)}")
    return list(output_filter) or list(available)


def _set(names: Any) -> str:
    return "{" + ",".join(map(quoted, sorted(names))) + "}"


def _shape(sizes: Sequence[int]) -> str:
    return "[" + ",".join("?" if size == -1 else str(size) for size in sizes) + "]"
