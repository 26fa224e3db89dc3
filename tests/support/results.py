"""Results for tests: a whole value from the few fields that a test is about, and a function's result as JSON."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from sentiment.results.record import as_json

T = TypeVar("T")
ABSENT: Any = object()
NEUTRAL = (
    (inspect.BoolType, False),
    (inspect.StrType, ""),
    (inspect.FloatType, 0.0),
    (inspect.NoneType, None),
    (inspect.AnyType, None),
)


def whole(kind: type[T], found: Any = ABSENT, **given: Any) -> T:
    """Returns a value of `kind` with the given fields; those that the test is not about are 0, "", null or empty."""
    return msgspec.convert(whole_json(kind, found, **given), kind)


def whole_json(kind: Any, found: Any = ABSENT, **given: Any) -> Any:
    """The same as JSON. Whatever is given stays as it is, also where it is of the wrong type."""
    return _filled(inspect.type_info(kind), {**(found if isinstance(found, dict) else {}), **given})


def in_json(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns `function` with its result as it is written."""

    @functools.wraps(function)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        return as_json(function(*arguments, **options))

    return wrapped


def _filled(info: Any, value: Any = ABSENT) -> Any:
    if isinstance(info, inspect.UnionType):
        fitting = [each for each in info.types if _fits(each, value)]
        nothing = any(isinstance(each, inspect.NoneType) for each in info.types)
        if value is ABSENT:
            return None if nothing else _filled(info.types[0])
        return _filled(fitting[0], value) if fitting else value
    if isinstance(info, inspect.StructType) and (value is ABSENT or isinstance(value, dict)):
        return _filled_struct(info, {} if value is ABSENT else value)
    if isinstance(info, inspect.ListType):
        return [_filled(info.item_type, each) for each in value] if isinstance(value, list) else _or(value, [])
    if isinstance(info, inspect.DictType):
        known = isinstance(value, dict)
        return {key: _filled(info.value_type, each) for key, each in value.items()} if known else _or(value, {})
    if value is not ABSENT:
        return value
    if isinstance(info, inspect.LiteralType):
        return info.values[0]
    if isinstance(info, inspect.IntType):
        return info.ge or 0
    return next(neutral for kind, neutral in NEUTRAL if isinstance(info, kind))


def _filled_struct(info: inspect.StructType, value: dict[str, Any]) -> dict[str, Any]:
    known = {
        field.encode_name: _filled(field.type, value.get(field.encode_name, ABSENT))
        for field in info.fields
        if field.required or field.encode_name in value
    }
    tag = {info.tag_field: info.tag} if info.tag_field else {}
    return {**tag, **known, **{name: each for name, each in value.items() if name not in known}}


def _fits(info: Any, value: Any) -> bool:
    if isinstance(info, inspect.StructType | inspect.DictType):
        return isinstance(value, dict)
    return isinstance(info, inspect.ListType) and isinstance(value, list)


def _or(value: Any, neutral: Any) -> Any:
    return neutral if value is ABSENT else value
