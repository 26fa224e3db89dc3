"""How much a SavedModel's graph holds, counted before anything is built of it: a field of two bytes becomes an object.

The format of the file: https://protobuf.dev/programming-guides/encoding. What a parser does not accept ends the count
of a message where it ends the parser.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

MOST_BYTES = 2**31 - 1  # no parser takes more; an export for TensorRT has its weights in its graph
# Nodes, functions, objects and so on. A BERT-base of TF-Hub has some 50,000 nodes in 10 MB, or 260,000 of these; a
# BERT-large twice that.
MOST_PARTS = 800_000
MOST_FIELDS = 8_000_000  # of all messages; some 45 for a node
# Inputs of nodes, names in collections and so on: each becomes a text of some 120 bytes. Two for a node.
MOST_NAMES = 500_000
# What takes the look longer than another part does.
COSTS = {
    "tensorflow.MetaGraphDef": 1000,
    "tensorflow.NodeDef": 3,
    "tensorflow.FunctionDef": 10,
    "tensorflow.NameAttrList": 10,
    "google.protobuf.Any": 20,  # it is parsed where it may be an asset
}
ATTRIBUTE = "tensorflow.NodeDef.AttrEntry"
# Of which a node has many. All others are parts.
LIGHT = frozenset(
    {
        ATTRIBUTE,
        "tensorflow.AttrValue",
        "tensorflow.AttrValue.ListValue",
        "tensorflow.TensorProto",
        "tensorflow.TensorShapeProto",
        "tensorflow.TensorShapeProto.Dim",
    }
)
SHAPES = frozenset({"tensorflow.TensorShapeProto", "tensorflow.TensorShapeProto.Dim"})  # nothing else is in them
# What they list is no name, and the look reads none of it: a vocabulary may be a constant.
VALUES = frozenset({"tensorflow.AttrValue.ListValue", "tensorflow.TensorProto"})
SMALL = 64  # bytes of an attribute whose fields are estimated, unless a function may be in it
A_FUNCTION = re.compile(rb"[\x4a\x52\xca\xd2]")  # how the fields 9 of a list and 10 of a value begin
SHORTEST = 2  # bytes of a field
VARINT, FIXED_64, BYTES, GROUP, FIXED_32 = 0, 1, 2, 3, 5  # how a field is written


class Kind(NamedTuple):
    """A kind of message: its name, the messages in its fields by their numbers, and the fields that list names."""

    name: str
    inner: dict[int, Kind]
    listing: frozenset[int]


class Count:
    """The parts, names and fields of a serialized SavedModel; counting ends soon after there are more than may be."""

    def __init__(self, data: bytes) -> None:
        self._data, self.parts, self.names, self.fields = data, 0, 0, 0
        self._pending = [(0, len(data), _saved_model())]
        while self._pending and not self.is_too_much:
            self._count(*self._pending.pop())

    @property
    def is_too_much(self) -> bool:
        return self.parts > MOST_PARTS or self.names > MOST_NAMES or self.fields > MOST_FIELDS

    def _count(self, at: int, end: int, kind: Kind) -> None:
        """Counts the fields of one message, and remembers the messages in it."""
        data = self._data
        try:
            while at < end and not self.is_too_much:
                self.fields += 1
                key, at = (data[at], at + 1) if data[at] < 128 else _varint(data, at)
                if key & 7 == BYTES:
                    size, at = (data[at], at + 1) if data[at] < 128 else _varint(data, at)
                    if (inner := kind.inner.get(key >> 3)) is not None:
                        self._meet(at, at + size, inner)
                    elif key >> 3 in kind.listing:
                        self.names += 1
                    at += size
                elif key & 7 == VARINT:
                    at = _varint(data, at)[1]
                elif key & 7 in (FIXED_32, FIXED_64):
                    at += 4 if key & 7 == FIXED_32 else 8
                elif key & 7 == GROUP:  # no message here has one, and what is in it is not counted
                    self.fields += MOST_FIELDS
                else:
                    return
        except IndexError:  # a field without its end
            return

    def _meet(self, at: int, end: int, kind: Kind) -> None:
        self.parts += COSTS.get(kind.name, kind.name not in LIGHT)
        is_small = kind.name == ATTRIBUTE and end - at <= SMALL and not A_FUNCTION.search(self._data, at, end)
        if is_small or kind.name in SHAPES:  # most of all fields are in them
            self.fields += (end - at) // SHORTEST
        else:
            self._pending.append((at, end, kind))


def too_much(file: Path) -> Iterator[str]:
    """Yields, in words, why a SavedModel's file is not parsed; nothing where it may be, or is not there."""
    if not file.is_file():
        return
    if (size := file.stat().st_size) > MOST_BYTES:
        yield f"{file.name} of {size:,} bytes, where at most {MOST_BYTES:,} may be"
    elif Count(file.read_bytes()).is_too_much:
        limits = f"{MOST_PARTS:,} nodes and other parts, or {MOST_FIELDS:,} fields, or {MOST_NAMES:,} names in lists"
        yield f"a graph of more than {limits}"


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Returns a number of some bytes, and where it ends. Raises: IndexError when it does not."""
    value, shift = 0, 0
    while data[at] > 127 and shift < 64:
        value, shift, at = value | (data[at] & 127) << shift, shift + 7, at + 1
    return value | data[at] << shift, at + 1


@functools.cache
def _saved_model() -> Kind:
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    from sentiment.tensorflow_setup import tf  # noqa: F401 - the message belongs to it

    known: dict[str, Kind] = {}
    return _kind(SavedModel.DESCRIPTOR, known)


def _kind(descriptor: Any, known: dict[str, Kind]) -> Kind:
    if descriptor.full_name not in known:
        known[descriptor.full_name] = Kind(descriptor.full_name, {}, _listing(descriptor))
        for field in descriptor.fields:
            if field.message_type is not None:
                known[descriptor.full_name].inner[field.number] = _kind(field.message_type, known)
    return known[descriptor.full_name]


def _listing(descriptor: Any) -> frozenset[int]:
    """Returns the numbers of a message's fields that list names."""
    texts = [one for one in descriptor.fields if one.type in (one.TYPE_STRING, one.TYPE_BYTES)]
    is_listing = descriptor.full_name not in VALUES
    return frozenset(one.number for one in texts if is_listing and one.label == one.LABEL_REPEATED)
