"""Writes a model's outputs as JSON of the REST interface, in row form (`predictions`) and column form (`outputs`).

Source: `json_tensor.cc`, `MakeRowFormatJsonFromTensors` and `MakeColumnarFormatJsonFromTensors`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

from sentiment.model_server.refusal import Code, Refusal
from sentiment.model_server.tensors import Array

# The types that are written as JSON: `AddSingleValueAndAdvance`. Strings are objects.
WRITTEN = {"float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint32", "uint64", "bool", "object"}


def render(outputs: Mapping[str, Array], *, row: bool) -> dict[str, Any]:
    """Returns the JSON-ready answer: `predictions`, one item for each row, or `outputs`, one value for each name.

    A single output is given as it is, several as an object by name.
    """
    values = {name: _plain(name, array) for name, array in outputs.items()}
    if not row:
        return {"outputs": next(iter(values.values())) if len(values) == 1 else values}
    sizes = {name: array.shape[0] if array.ndim else None for name, array in outputs.items()}
    for name, size in sizes.items():
        if size is None:
            raise _no_rows(f"Tensor name: {name} has no shape information")
        if size != (expected := next(iter(sizes.values()))):
            told = f"Tensor name: {name} has inconsistent batch size: {size} expecting: {expected}"
            raise _no_rows(told)
    if len(values) == 1:
        return {"predictions": next(iter(values.values()))}
    return {"predictions": [dict(zip(values, items, strict=True)) for items in zip(*values.values(), strict=True)]}


def _plain(name: str, array: Array) -> Any:
    if array.dtype.name not in WRITTEN:
        raise Refusal(Code.INVALID_ARGUMENT, f"Failed to write JSON value for tensor type: {array.dtype.name}")
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


def _no_rows(message: str) -> Refusal:
    return Refusal(Code.INVALID_ARGUMENT, f"{message}: ask in column form ('inputs')")
