"""The types of columns as they travel from the process that reads a file: a closed list of those that a file has.

Arrow's own messages could tell any type, and their reader believes so much of them that a wrong one ends its process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
import pyarrow as pa

from sentiment.data.formats.record import UnreadableFile
from sentiment.results.record import Record
from sentiment.scoring.plain_table import MOST_LEVELS, is_simple

DEEP = f"its columns nest more than {MOST_LEVELS} levels of lists and structures"
NOT_KEPT = "the column {} has a type that is not kept: {}"
LONGEST = 60  # characters of a name or a type that is told
# Types that are known by their names alone.
PLAIN = {str(kind): kind for kind in (
    pa.null(), pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(),
    pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.date32(), pa.date64(), pa.time32("s"), pa.time32("ms"),
    pa.time64("us"), pa.time64("ns"), pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.uuid(),
    pa.bool8(), *(made(unit) for made in (pa.timestamp, pa.duration) for unit in ("s", "ms", "us", "ns")),
)}  # fmt: skip


class Kind(Record, frozen=True, kw_only=True):
    """A type: its name here, and what it is made of."""

    name: str
    numbers: tuple[Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)], ...] = ()
    words: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()


class Field(Record, frozen=True, kw_only=True):
    """A column, or what stands within one."""

    name: str
    kind: Kind
    nullable: bool = True


class _Made(NamedTuple):
    """A type that is made of others, or of numbers and words: whether one is of it, what of, and how it is made.

    Both sides ask `test`: what one does not send, the other does not take.
    """

    test: Callable[[Any], bool]
    parts: Callable[[Any], tuple[Sequence[int], Sequence[str], Sequence[Any]]]
    make: Callable[[Sequence[int], Sequence[str], Sequence[Any]], Any]


def _decimal(test: Callable[[Any], bool], make: Callable[..., Any]) -> _Made:
    # Parquet has no other scale; Arrow makes any, and Python has no number for some.
    return _Made(
        lambda one: test(one) and 0 <= one.scale <= one.precision,
        lambda one: ((one.precision, one.scale), (), ()), lambda numbers, _, __: make(*numbers),
    )  # fmt: skip


def _stored(kind: pa.DataType) -> pa.Field:
    return pa.field("", kind)


def _simple(fields: Sequence[Any]) -> list[pa.DataType]:
    """Returns the types of what an extension stores, or a dictionary: of another extension, Arrow ends the process."""
    if not all(is_simple(field.type) and not pa.types.is_dictionary(field.type) for field in fields):
        raise ValueError("stored is what is no single value")
    return [field.type for field in fields]


MADE = {
    "timestamp": _Made(
        pa.types.is_timestamp, lambda one: ((), (one.unit, one.tz), ()), lambda _, words, __: pa.timestamp(*words)
    ),
    "decimal32": _decimal(pa.types.is_decimal32, pa.decimal32),
    "decimal64": _decimal(pa.types.is_decimal64, pa.decimal64),
    "decimal128": _decimal(pa.types.is_decimal128, pa.decimal128),
    "decimal256": _decimal(pa.types.is_decimal256, pa.decimal256),
    "bytes": _Made(
        lambda one: pa.types.is_fixed_size_binary(one) and one.byte_width > 0,
        lambda one: ((one.byte_width,), (), ()), lambda numbers, _, __: pa.binary(*numbers),
    ),
    "list": _Made(
        pa.types.is_list, lambda one: ((), (), (one.value_field,)), lambda _, __, fields: pa.list_(*fields)
    ),
    "large_list": _Made(
        pa.types.is_large_list, lambda one: ((), (), (one.value_field,)), lambda _, __, fields: pa.large_list(*fields)
    ),
    "lists": _Made(  # of lists without a value, Arrow writes what it cannot read, or ends the process
        lambda one: pa.types.is_fixed_size_list(one) and one.list_size > 0,
        lambda one: ((one.list_size,), (), (one.value_field,)),
        lambda numbers, _, fields: pa.list_(*fields, *numbers),
    ),
    "struct": _Made(pa.types.is_struct, lambda one: ((), (), list(one)), lambda _, __, fields: pa.struct(fields)),
    "map": _Made(
        pa.types.is_map, lambda one: ((int(one.keys_sorted),), (), (one.key_field, one.item_field)),
        lambda numbers, _, fields: pa.map_(*fields, *map(bool, numbers)),
    ),
    "dictionary": _Made(
        pa.types.is_dictionary,
        lambda one: ((int(one.ordered),), (), (_stored(one.index_type), _stored(one.value_type))),
        lambda numbers, _, fields: pa.dictionary(*_simple(fields), *map(bool, numbers)),
    ),
    "json": _Made(
        lambda one: isinstance(one, pa.JsonType), lambda one: ((), (), (_stored(one.storage_type),)),
        lambda _, __, fields: pa.json_(*_simple(fields)),
    ),
    "opaque": _Made(
        lambda one: isinstance(one, pa.OpaqueType),
        lambda one: ((), (one.type_name, one.vendor_name), (_stored(one.storage_type),)),
        lambda _, words, fields: pa.opaque(*_simple(fields), *words),
    ),
}  # fmt: skip


def fields_of(schema: pa.Schema) -> list[Field]:
    """Returns what the columns are. Raises: UnreadableFile for one that is not kept."""
    found = list[Field]()
    for field in schema:
        try:
            found.append(_field_of(field, 1))
        except KeyError as error:
            raise UnreadableFile(NOT_KEPT.format(field.name[:LONGEST], error.args[0][:LONGEST])) from None
    return found


def _field_of(field: pa.Field, level: int) -> Field:
    return Field(name=field.name, kind=_kind_of(field.type, level), nullable=field.nullable)


def _kind_of(kind: pa.DataType, level: int) -> Kind:
    """Raises: KeyError with the name of a type that is not in the lists; UnreadableFile for too many levels."""
    if level > MOST_LEVELS:
        raise UnreadableFile(DEEP)
    if str(kind) in PLAIN and PLAIN[str(kind)] == kind:
        return Kind(name=str(kind))
    name = next((name for name, made in MADE.items() if made.test(kind)), "")
    if not name:
        raise KeyError(str(kind))
    numbers, words, fields = MADE[name].parts(kind)
    inner = tuple(_field_of(field, level + 1) for field in fields)
    return Kind(name=name, numbers=tuple(numbers), words=tuple(words), fields=inner)


def type_of(field: Field, level: int = 1) -> pa.Field:
    """Returns a column's name and type. Raises: ValueError, TypeError, LookupError or ArrowException without one."""
    kind = field.kind
    if level > MOST_LEVELS:
        raise ValueError(DEEP)
    if kind.name in PLAIN:
        return pa.field(field.name, PLAIN[kind.name], field.nullable)
    inner, made = [type_of(one, level + 1) for one in kind.fields], MADE[kind.name]
    found = made.make(kind.numbers, kind.words, inner)
    if not made.test(found):
        raise ValueError("a type that is not kept")
    return pa.field(field.name, found, field.nullable)
