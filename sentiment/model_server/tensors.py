"""Converts TensorProto ↔ NumPy, and checks whether arrays fit a signature. Strings are object arrays of bytes."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from tensorflow.core.framework import tensor_pb2, types_pb2

from sentiment.model_server.admission import require_few
from sentiment.model_server.refusal import Code, Refusal, quoted
from sentiment.tensorflow_setup import tf

Array = npt.NDArray[Any]
MAX_TENSOR_BYTES = 64 * 1024 * 1024
MOST_LEVELS = 32  # dimensions that an array can have
MOST_REPEATED = 4096  # values that a message may claim without holding them: a few rows of padding
# Bytes of a text. A model reads 512 pieces of it at most, but its tokenizer all, which no turn can cut: 16 MB
# took two seconds, in which nobody else was answered.
LONGEST_TEXT = 384 * 1024
MOST_NAMED = 8  # inputs that a signature has not; of more of them only the number is told
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
        Refusal: INVALID_ARGUMENT when it does not hold what its shape says, has more than 32 dimensions, or would take
            more than 64 MB. A message of a few bytes may claim any shape, since its last value stands for all that
            follow: only as far as padding needs.
    """
    name, dims = quoted(name), proto.tensor_shape.dim
    if len(dims) > MOST_LEVELS:
        raise Refusal(
            Code.INVALID_ARGUMENT,
            f"tensor parsing error: {name}: a shape must have at most {MOST_LEVELS} dimensions; found {len(dims)}",
        )
    sizes = [dim.size for dim in dims]
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
    # More than the shape claims would be converted all the same, and then dropped or refused.
    held = sum(len(values) for field, values in proto.ListFields() if field.name.endswith("_val"))
    parts = 2 if proto.dtype in (types_pb2.DT_COMPLEX64, types_pb2.DT_COMPLEX128) else 1  # of each value
    if held > parts * claimed or claimed > max(held, 1 if proto.dtype == STRING else MOST_REPEATED):
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


def check_names(infos: Mapping[str, Any], names: Collection[str]) -> None:
    """Raises: Refusal (INVALID_ARGUMENT) unless `names` are exactly those of the signature's inputs.

    `infos` are the signature's inputs: name → TensorInfo. Where the number is right and several names are wrong, the
    real server names any of them, this one the first. Sources: `predict_util.cc:VerifyRequestInputsSize`, and
    `GetInputValues` in TensorFlow's `cc/saved_model/util.cc`.
    """
    if len(names) > len(infos) + MOST_NAMED:
        raise Refusal(Code.INVALID_ARGUMENT, f"input size does not match signature: {len(names)}!={len(infos)}")
    if set(names) == set(infos):
        return
    extra, missing = sorted(set(names) - set(infos)), sorted(set(infos) - set(names))
    if len(names) != len(infos):
        raise Refusal(
            Code.INVALID_ARGUMENT,
            f"input size does not match signature: {len(names)}!={len(infos)} len({_set(names)}) != "
            f"len({_set(infos)}). Sent extra: {_set(extra)}. Missing but required: {_set(missing)}.",
        )
    raise Refusal(
        Code.INVALID_ARGUMENT,
        f"Signature input alias: {missing[0]}(feed name: {infos[missing[0]].name}) not found in request and no default "
        f"value provided. Inputs expected to be in the request {_set(names)}, or default input alias set: ",
    )


def check_inputs(infos: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Raises: Refusal (INVALID_ARGUMENT) unless `arrays` are exactly the signature's inputs, types and shapes.

    Nor may they hold more values than a request may have, or a text that is longer than any is read.

    `infos` are the signature's inputs: name → TensorInfo.
    """
    check_names(infos, arrays.keys())
    for name, info in infos.items():
        _check_input(name, info, arrays[name])
    require_few(sum(array.size for array in arrays.values()))
    _require_short([array for array in arrays.values() if array.dtype == object])


def _require_short(columns: Iterable[Array]) -> None:
    longest = max((max(map(len, texts)) for array in columns if (texts := array.ravel().tolist())), default=0)
    if longest > LONGEST_TEXT:
        raise Refusal(Code.INVALID_ARGUMENT, f"a text must have at most {LONGEST_TEXT} bytes; found {longest}")


def check_rows(infos: Mapping[str, Any], arrays: Mapping[str, Array], most: int) -> None:
    """Raises: Refusal (INVALID_ARGUMENT) when inputs have more than `most` rows, or not equally many.

    An export refuses both itself, with the same words about the number. But one of before checks nothing: it would
    compute all rows at once, and one row of an input beside each of another.
    """
    rows = {len(arrays[name]) for name, info in infos.items() if arrays[name].ndim and _may_have_rows(info)}
    if max(rows, default=0) > most:
        raise Refusal(Code.INVALID_ARGUMENT, f"a request must have at most {most} rows; found {max(rows)}")
    if len(rows) > 1:
        found = " and ".join(map(str, sorted(rows)))
        raise Refusal(Code.INVALID_ARGUMENT, f"the inputs of a request must have equally many rows; found {found}")


def _may_have_rows(info: Any) -> bool:
    shape = info.tensor_shape
    return shape.unknown_rank or (len(shape.dim) > 0 and shape.dim[0].size == -1)


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


def _set(names: Iterable[str]) -> str:
    return "{" + ",".join(map(quoted, sorted(names))) + "}"


def _shape(sizes: Sequence[int]) -> str:
    return "[" + ",".join("?" if size == -1 else str(size) for size in sizes) + "]"
