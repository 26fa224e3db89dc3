"""Converts JSON of the REST interface ↔ arrays, in row form (`instances`) and column form (`inputs`).

Source: `json_tensor.cc` and https://www.tensorflow.org/tfx/serving/api_rest.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from sentiment.model_server.admission import MOST_VALUES
from sentiment.model_server.refusal import Code, Refusal
from sentiment.model_server.tensors import Array
from sentiment.tensorflow_setup import tf

MOST_LEVELS = 32  # that an array can have
EXACT_INTEGERS = {"float32": 2**24, "float64": 2**53}  # a larger integer may not survive the conversion


@dataclass(frozen=True)
class JsonRequest:
    """A parsed body. `row` tells `instances` from `inputs`."""

    signature: str
    row: bool
    value: Any


def parse_request(body: bytes | bytearray) -> JsonRequest:
    """Returns a predict request's body, parsed. Raises: Refusal (INVALID_ARGUMENT) when it is not one."""
    if (found := sum(body.count(sign) for sign in (b",", b"[", b"{"))) > MOST_VALUES:
        raise _refused(f"JSON Parse error: a body must have at most {MOST_VALUES} values; found {found}")
    try:
        document = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise _refused(f"JSON Parse error: {reason}") from None
    if not isinstance(document, dict):
        raise _refused("JSON Value: Is not object")
    signature = document.get("signature_name", "")
    if not isinstance(signature, str):
        raise _refused("JSON Value not formatted correctly. 'signature_name' key must be a string value.")
    given = [key for key in ("instances", "inputs") if key in document]
    if not given:
        raise _refused("Missing 'inputs' or 'instances' key")
    if len(given) == 2:
        raise _refused("Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist")
    value = document[given[0]]
    if given == ["instances"] and not isinstance(value, list):
        raise _refused("Expecting 'instances' to be an list/array")
    if given == ["instances"] and not value:
        raise _refused("No values in 'instances' array")
    return JsonRequest(signature, given == ["instances"], value)


def arrays_of(request: JsonRequest, infos: Mapping[str, Any]) -> dict[str, Array]:
    """Returns the request's inputs in the types of the signature's inputs `infos` (name → TensorInfo)."""
    columns = _columns_of_rows(request.value, sorted(infos)) if request.row else _columns(request.value, sorted(infos))
    return {name: to_array(name, value, tf.dtypes.as_dtype(infos[name].dtype)) for name, value in columns.items()}


def _columns_of_rows(rows: list[Any], names: list[str]) -> dict[str, list[Any]]:
    if not _is_named(rows[0]):
        if len(names) > 1:
            raise _refused(
                "instances is a plain list, but expecting list of objects as multiple input tensors required"
            )
        if any(map(_is_named, rows)):
            raise _refused("Expecting value/list but got object in the input list")
        return {names[0]: rows}
    for position, row in enumerate(rows):
        if not _is_named(row):
            raise _refused(f"Expecting object but got list at item {position} of input list")
        if set(row) != set(names):
            raise _refused(
                f"Failed to process element: {position} of 'instances' list. "
                f"JSON object keys must be equal to: {','.join(sorted(names))}"
            )
    return {name: [row[name] for row in rows] for name in names}


def _columns(value: Any, names: list[str]) -> dict[str, Any]:
    if not _is_named(value):
        if len(names) > 1:
            raise _refused("inputs is a plain value/list, but expecting an object as multiple input tensors required")
        return {names[0]: value}
    for name in names:
        if name not in value:
            raise _refused(f"Missing named input: {name} in 'inputs' object.")
    return {name: value[name] for name in names}


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and set(value) != {"b64"}


def to_array(name: str, value: Any, kind: Any) -> Array:
    """Returns nested lists as one array of the TensorFlow type `kind`; all lists of a level must be equally long."""
    shape: list[int] = []
    leaves = [value]
    while isinstance(leaves[0], list):
        size = len(leaves[0])
        if not all(isinstance(leaf, list) and len(leaf) == size for leaf in leaves):
            raise _refused(f"input {name}: Encountered list at unexpected size or level, expected size: {size}")
        shape.append(size)
        if len(shape) > MOST_LEVELS:
            raise _refused(f"input {name}: lists must be nested at most {MOST_LEVELS} deep")
        leaves = list(chain.from_iterable(leaves))
        if not leaves:
            break
    array = np.empty(len(leaves), dtype=object if kind == tf.string else kind.as_numpy_dtype)
    try:
        array[:] = _converted(name, leaves, kind)
    except OverflowError:
        raise _wrong_type(name, kind) from None
    return array.reshape(shape)


def _converted(name: str, leaves: list[Any], kind: Any) -> list[Any]:
    if kind == tf.string:
        return [_bytes_of(name, leaf) for leaf in leaves]
    types = set(map(type, leaves))
    allowed = {bool} if kind.is_bool else {int} if kind.is_integer else {int, float}
    if not types <= allowed:
        raise _wrong_type(name, kind)
    if kind.is_integer and leaves and not kind.min <= min(leaves) <= max(leaves) <= kind.max:
        raise _wrong_type(name, kind)
    if kind.is_floating:
        _require_lossless(name, leaves, kind)
    return leaves


def _require_lossless(name: str, leaves: list[Any], kind: Any) -> None:
    exact = EXACT_INTEGERS.get(kind.name, 2**8)
    for leaf in leaves:
        lossy = abs(leaf) >= exact if isinstance(leaf, int) else np.isfinite(leaf) and abs(leaf) > kind.max
        if lossy:
            raise _refused(f"input {name}: Cannot convert JSON value to {kind.name} without loss of precision.")


def _bytes_of(name: str, leaf: Any) -> bytes:
    try:
        if isinstance(leaf, str):
            return leaf.encode("utf-8")
        if isinstance(leaf, dict) and set(leaf) == {"b64"} and isinstance(leaf["b64"], str):
            return base64.b64decode(leaf["b64"], validate=True)
    except UnicodeEncodeError:
        raise _refused(f"input {name}: a string holds half a surrogate pair, which is not UTF-8") from None
    except (binascii.Error, ValueError):
        raise _refused(f"input {name}: Unable to base64 decode") from None
    raise _wrong_type(name, tf.string)


def _wrong_type(name: str, kind: Any) -> Refusal:
    return _refused(f"JSON Value of input {name} is not of expected type: {kind.name}")


def _refused(message: str) -> Refusal:
    return Refusal(Code.INVALID_ARGUMENT, message)


def render(outputs: Mapping[str, Array], *, row: bool) -> dict[str, Any]:
    """Returns the JSON-ready answer: `predictions`, one item for each row, or `outputs`, one value for each name.

    A single output is given as it is, several as an object by name.
    """
    values = {name: _plain(name, array) for name, array in outputs.items()}
    if not row:
        return {"outputs": next(iter(values.values())) if len(values) == 1 else values}
    if any(array.ndim == 0 for array in outputs.values()):
        raise _refused("an output has no batch dimension: ask in column form ('inputs')")
    if len({len(array) for array in outputs.values()}) > 1:
        raise _refused("the outputs have inconsistent batch sizes: ask in column form ('inputs')")
    if len(values) == 1:
        return {"predictions": next(iter(values.values()))}
    return {"predictions": [dict(zip(values, items, strict=True)) for items in zip(*values.values(), strict=True)]}


def _plain(name: str, array: Array) -> Any:
    if array.dtype == object:
        as_bytes = name.endswith("_bytes")
        texts = np.empty(array.size, dtype=object)
        texts[:] = [_text(value, as_bytes) for value in array.ravel().tolist()]
        return texts.reshape(array.shape).tolist()
    if array.dtype.kind == "f":
        # The shortest decimal that is this number: 0.2, not 0.20000000298.
        return array.astype("U32").astype(np.float64).tolist()
    return array.tolist()


def _text(value: bytes, as_bytes: bool) -> Any:
    if as_bytes:
        return {"b64": base64.b64encode(value).decode("ascii")}
    return value.decode("utf-8", errors="replace")
