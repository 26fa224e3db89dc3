"""Values of declared types with every field filled, and the same with something hostile in one place of the JSON."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from msgspec import inspect

MARKUP = "<script>document.title='x'</script><img src=x onerror=alert(1)>{{7*7}}"
NASTY = f"\u202e{MARKUP}\x1b[31m\ud800"
HUGE = 10**400  # a whole number that no float can hold
# Of each kind of value: what its type allows, or JSON's parser at least.
TEXTS = (NASTY,)
NUMBERS = (HUGE, -HUGE, 2**63 - 1, -1, float("nan"), float("inf"), -1e308, 1e-320)
WRONG = (None, {"$": 1})


def filled(kind: Any) -> Any:
    """Returns the JSON of a value of `kind` in which nothing is null or left out; each list holds one element."""
    return _filled(inspect.type_info(kind), "")


def _filled(info: Any, name: str) -> Any:
    if isinstance(info, inspect.UnionType):
        return _filled(next(each for each in info.types if not isinstance(each, _NOTHING)), name)
    if isinstance(info, inspect.StructType):
        tag = {info.tag_field: info.tag} if info.tag_field else {}
        return tag | {field.encode_name: _filled(field.type, field.encode_name) for field in info.fields}
    if isinstance(info, inspect.ListType | inspect.VarTupleType):
        return [_filled(info.item_type, name)]
    if isinstance(info, inspect.TupleType):
        return [_filled(each, name) for each in info.item_types]
    if isinstance(info, inspect.DictType):
        return {"some": _filled(info.value_type, name)}
    if isinstance(info, inspect.LiteralType):
        return info.values[0]
    if isinstance(info, inspect.StrType):
        return "2026-11-22T18:03:00+00:00" if name in ("at", "since", "until") else "好"
    if isinstance(info, inspect.IntType):
        return max(info.ge or 0, 1)
    if isinstance(info, inspect.FloatType):
        return min(0.5 if info.ge is None else max(info.ge, 0.5), 1.0 if info.le is None else info.le)
    return True if isinstance(info, inspect.BoolType) else None


_NOTHING = inspect.NoneType


def places(found: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yields the way to every value in parsed JSON, `(key, number, …)`; the whole's own is `()`."""
    yield way
    for key, each in found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ():
        yield from places(each, (*way, key))


def at(found: Any, way: tuple[Any, ...]) -> Any:
    for part in way:
        found = found[part]
    return found


def put(found: Any, way: tuple[Any, ...], value: Any) -> Any:
    """Returns a copy of parsed JSON with `value` at a place."""
    if not way:
        return value
    copy = deepcopy(found)
    at(copy, way[:-1])[way[-1]] = value
    return copy


def hostile(found: Any) -> Iterator[tuple[str, Any]]:
    """Yields what is changed, and the JSON with it: each value by what its type may allow, and by what none does."""
    for way in places(found):
        value = at(found, way)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        for instead in (*(TEXTS if isinstance(value, str) else NUMBERS if number else ()), *WRONG):
            name = ".".join(map(str, way)) or "all of it"
            yield f"{name} = {instead!r:.30}", put(found, way, instead)
