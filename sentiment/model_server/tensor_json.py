"""Reads arrays from JSON of the REST interface, in row form (`instances`) and column form (`inputs`).

Sources: `json_tensor.cc` and https://www.tensorflow.org/tfx/serving/api_rest.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Mapping
from itertools import chain
from typing import Any

import numpy as np
from tensorflow.core.framework import types_pb2

from sentiment.model_server.admission import LARGE
from sentiment.model_server.json_sizes import require_countable
from sentiment.model_server.refusal import Code, Refusal
from sentiment.model_server.tensors import MOST_LEVELS, Array
from sentiment.tensorflow_setup import tf

AT_ONCE = 65_536  # values that are converted before other threads have their turn
# The types that are read from JSON: `AddValueToTensor`.
READ = {"float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint32", "uint64", "bool", "string"}


def parse_body(body: bytes | bytearray) -> tuple[dict[str, Any], str]:
    """Returns a request's body, parsed, and the signature that it names, or an empty string.

    Raises: Refusal (INVALID_ARGUMENT) when it is no JSON object, or holds more than a request may.
    """
    if not body:
        raise _refused("JSON Parse error: The document is empty")
    require_countable(body)
    try:
        decoder = _DECODER if len(body) < LARGE else _DECODER_OF_LARGE
        document = decoder.decode(body.decode("utf-8"))
        if b"\\ud" in body or b"\\uD" in body:  # it may hold half a surrogate pair, which is no UTF-8
            _require_whole_pairs(document)
    except UnicodeEncodeError:
        raise _refused("JSON Parse error: The surrogate pair in string is invalid.") from None
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise _refused(f"JSON Parse error: {reason}") from None
    if not isinstance(document, dict):
        raise _refused("JSON Value: Is not object")
    signature = document.get("signature_name", "")
    if not isinstance(signature, str):
        raise _refused("JSON Value not formatted correctly. 'signature_name' key must be a string value.")
    return document, signature


def value_of(document: dict[str, Any]) -> tuple[Any, bool]:
    """Returns what the request gives to predict, and whether in row form: as `instances`, not as `inputs`.

    Raises: Refusal (INVALID_ARGUMENT) unless it is exactly one of them.
    """
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
    return value, given == ["instances"]


def require_list_of_examples(document: dict[str, Any]) -> None:
    """Raises: Refusal (INVALID_ARGUMENT) unless a request to classify or regress has examples; both have one text."""
    if "examples" not in document:
        raise _refused("When method is classify, key 'examples' is expected and was not found")
    if not isinstance(document["examples"], list):
        raise _refused("Expecting 'examples' value to be an list/array")
    if not document["examples"]:
        raise _refused("'examples' value is an empty array")
    if not all(isinstance(example, dict) for example in document["examples"]):
        raise _refused("Example must be JSON object")


def arrays_of(value: Any, *, row: bool, infos: Mapping[str, Any]) -> dict[str, Array]:
    """Returns the request's inputs in the types of the signature's inputs `infos` (name → TensorInfo)."""
    columns = _columns_of_rows(value, sorted(infos)) if row else _columns(value, sorted(infos))
    return {name: to_array(name, item, tf.dtypes.as_dtype(infos[name].dtype)) for name, item in columns.items()}


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError("Number too big to be stored in double.")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Returns a JSON object, if each key comes once: of several the real server takes the first, Python the last."""
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a key comes twice in an object")
    return found


def _require_whole_pairs(document: Any) -> None:
    """Raises: UnicodeEncodeError when a key or a text has half a surrogate pair. Lets others have their turn."""
    left = [document]
    while left:
        one = left.pop()
        if isinstance(one, str):
            one.encode("utf-8")
        elif isinstance(one, dict):
            left += [*one, *one.values()]
        elif isinstance(one, list):
            left += [value for value in one if not isinstance(value, int | float)]


def _whole(text: str) -> int:
    """Returns a whole number. It is a function of Python, so that other threads have their turn between two numbers."""
    return int(text)


_DECODER = json.JSONDecoder(parse_float=_finite, object_pairs_hook=_object)
_DECODER_OF_LARGE = json.JSONDecoder(parse_float=_finite, parse_int=_whole, object_pairs_hook=_object)


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
        for begin in range(0, len(leaves), AT_ONCE):
            part = slice(begin, begin + AT_ONCE)
            array[part] = _converted(name, leaves[part], kind)
    except OverflowError:
        raise _wrong_type(name, kind) from None
    return array.reshape(shape)


def _converted(name: str, leaves: list[Any], kind: Any) -> list[Any] | Array:
    if kind == tf.string:
        return [_bytes_of(name, leaf) for leaf in leaves]
    if kind.name not in READ:
        raise Refusal(Code.UNIMPLEMENTED, f"Conversion of JSON Value of input {name} to type: {_told(kind)}")
    types = set(map(type, leaves))
    allowed = {bool} if kind.is_bool else {int} if kind.is_integer else {int, float}
    if not types <= allowed:
        raise _wrong_type(name, kind)
    if kind.is_integer and leaves and not kind.min <= min(leaves) <= max(leaves) <= kind.max:
        raise _wrong_type(name, kind)
    return _floats(leaves, kind) if kind.is_floating else leaves


def _floats(leaves: list[Any], kind: Any) -> Array:
    """Returns the numbers as nearly as the type has them; beyond its range they are infinite, as in the real server."""
    with np.errstate(over="ignore"):
        return np.array(leaves, kind.as_numpy_dtype)


def _bytes_of(name: str, leaf: Any) -> bytes:
    try:
        if isinstance(leaf, str):
            return leaf.encode("utf-8")
        if isinstance(leaf, dict) and set(leaf) == {"b64"} and isinstance(leaf["b64"], str):
            text = leaf["b64"]
            return base64.b64decode(text if "=" in text else text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise _refused(f"input {name}: Unable to base64 decode") from None
    raise _wrong_type(name, tf.string)


def _wrong_type(name: str, kind: Any) -> Refusal:
    return _refused(f"JSON Value of input {name} is not of expected type: {_told(kind)}")


def _told(kind: Any) -> str:
    """Returns a type's name as TensorFlow's C++ has it: float, not float32."""
    return str(types_pb2.DataType.Name(kind.as_datatype_enum)).removeprefix("DT_").lower()


def _refused(message: str) -> Refusal:
    return Refusal(Code.INVALID_ARGUMENT, message)
