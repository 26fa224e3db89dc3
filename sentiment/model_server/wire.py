"""Counts what a protobuf message holds before it is parsed: a small one could become millions of objects. Pure.

The parser keeps Python's lock until it is done: 16 MB of empty map entries took it seconds, in which nobody was
answered. The walk here can be interrupted, and ends at the limit.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from sentiment.model_server.admission import MOST_VALUES
from sentiment.model_server.refusal import Code, Refusal

MOST_FIELDS = 65_536  # of a message and all that it holds; each text, dimension and map entry is one
LEAST_OF_A_FIELD = 2  # bytes; so a message with fewer than twice as many bytes needs no counting
_VARINT, _EIGHT, _BYTES, _BEGIN, _END, _FOUR = range(6)  # wire types
_SIZES = {_EIGHT: 8, _BEGIN: 0, _END: 0, _FOUR: 4}
_FIXED = {
    FieldDescriptor.TYPE_DOUBLE: 8,
    FieldDescriptor.TYPE_FIXED64: 8,
    FieldDescriptor.TYPE_SFIXED64: 8,
    FieldDescriptor.TYPE_FLOAT: 4,
    FieldDescriptor.TYPE_FIXED32: 4,
    FieldDescriptor.TYPE_SFIXED32: 4,
}
_NO_NUMBERS = (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES)


@dataclass(frozen=True)
class _Packed:
    """Numbers one behind the other, each of `size` bytes; 0: of one or more."""

    size: int


_Fields = Mapping[int, "Descriptor | _Packed"]  # of a message: those that hold more than one thing


def require_countable(kind: Descriptor, data: bytes) -> None:
    """Raises: Refusal (INVALID_ARGUMENT) when a message of `kind` holds more than a request may. Damage is not told."""
    if len(data) <= LEAST_OF_A_FIELD * MOST_FIELDS:
        return
    values = 0
    for fields, found in enumerate(_numbers(kind, data), start=1):
        values += found
        if fields > MOST_FIELDS:
            raise _too_many(MOST_FIELDS, "fields, texts and dimensions")
        if values > MOST_VALUES:
            raise _too_many(MOST_VALUES, "values")


def _too_many(most: int, what: str) -> Refusal:
    return Refusal(Code.INVALID_ARGUMENT, f"a message must have at most {most} {what}; it has more")


def _numbers(kind: Descriptor, data: bytes) -> Iterator[int]:
    """Yields, of each field on each level, how many packed numbers it holds; ends where `data` is damaged."""
    left = [(kind, 0, len(data))]
    while left:
        kind, at, end = left.pop()
        known = _known(kind)
        while at < end:
            try:
                tag, at = _varint(data, at)
                size, at = _size(data, at, tag & 7)
            except (IndexError, KeyError):  # it ends too early, or is no field
                return
            if at + size > end:
                return
            held = known.get(tag >> 3) if tag & 7 == _BYTES else None
            if isinstance(held, Descriptor):
                left.append((held, at, at + size))
            yield _packed(data, at, size, held.size) if isinstance(held, _Packed) else 0
            at += size


@functools.cache
def _known(kind: Descriptor) -> _Fields:
    found: dict[int, Descriptor | _Packed] = {}
    for field in kind.fields:
        if field.message_type:
            found[field.number] = field.message_type
        elif field.label == FieldDescriptor.LABEL_REPEATED and field.type not in _NO_NUMBERS:
            found[field.number] = _Packed(_FIXED.get(field.type, 0))
    return found


def _size(data: bytes, at: int, wire_type: int) -> tuple[int, int]:
    """Returns how many bytes a field's value has, and where they begin."""
    if wire_type == _VARINT:
        return 0, _varint(data, at)[1]
    return _varint(data, at) if wire_type == _BYTES else (_SIZES[wire_type], at)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Returns a number, and where it ends; an over-long one, which the parser refuses, has a wrong value."""
    value = data[at]
    if value < 128:
        return value, at + 1
    value &= 127
    for place in range(1, 10):
        byte = data[at + place]
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, at + place + 1
    return value, at + 10


def _packed(data: bytes, at: int, size: int, of_each: int) -> int:
    if of_each:
        return size // of_each
    return int(np.count_nonzero(np.frombuffer(data, np.uint8, size, at) < 128))
