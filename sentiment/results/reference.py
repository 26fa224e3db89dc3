"""The reference page of the result files, made from their declarations and the comments behind the fields."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import msgspec

from sentiment.results.files import FILES, PRINTED, ResultFile

HEAD = """# Result files

What steps write for other steps, for Airflow and for the Models page. This page is made from the declarations in
`sentiment/results/`. A reader passes over fields that it does not know; a missing field, or one of another type, is
one line that names file and field.
"""
_COMMENT = re.compile(r"^ {4}(\w+): [^#\n]*#\s*(.*)", re.MULTILINE)


def page() -> str:
    """Returns the page as Markdown: each file with its fields, then the types that those are made of."""
    parts = [HEAD]
    nested: dict[type[Any], None] = {}
    for file in FILES:
        parts += _section(file, f"`{file.name}`", nested)
    for file in PRINTED:
        parts += _section(file, f"Printed by {_verbs(file)}", nested)
    shown = {kind for file in (*FILES, *PRINTED) for kind in file.types}
    parts += [block for kind in nested if kind not in shown for block in (f"## {kind.__name__}", *_described(kind, {}))]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _section(file: ResultFile, title: str, nested: dict[type[Any], None]) -> Iterator[str]:
    yield f"## {title}"
    if file.name:
        yield f"Written by {_verbs(file)}" + (", one event a line:" if len(file.types) > 2 else ".")
    for kind in file.types:
        if len(file.types) > 1:
            yield f"### {kind.__struct_config__.tag or kind.__name__}"
        yield from _described(kind, nested)


def _verbs(file: ResultFile) -> str:
    return ", ".join(f"`sentiment {verb}`" for verb in file.verb.split(", "))


def _described(kind: type[Any], nested: dict[type[Any], None]) -> Iterator[str]:
    """Yields the docstring and the table of fields; adds the types that they hold, however deep, to `nested`."""
    yield textwrap.dedent(inspect.getdoc(kind) or "")
    comments = comments_of(kind)
    rows = ["| field | type | |", "|---|---|---|"]
    for field in msgspec.inspect.type_info(kind).fields:  # type: ignore[attr-defined]
        rows.append(f"| `{field.encode_name}` | {_told(field.type)} | {comments.get(field.name, '')} |")
        _collect(field.type, nested)
    if len(rows) > 2:
        yield "\n".join(rows)


def comments_of(kind: type[Any]) -> dict[str, str]:
    """Returns the comments behind the fields of a type, and of those that it extends."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if each.__module__.startswith("sentiment.results") and each.__annotations__:
            found |= dict(_COMMENT.findall(inspect.getsource(each)))
    return found


def _told(info: Any) -> str:
    """Returns a type as the page names it; what may be left out says nothing of it here."""
    inspected = msgspec.inspect
    if isinstance(info, inspected.UnionType):
        return " or ".join(_told(each) for each in info.types if type(each).__name__ != "UnsetType")
    if isinstance(info, inspected.StructType):
        return info.cls.__name__
    if isinstance(info, inspected.ListType):
        return f"list of {_told(info.item_type)}"
    if isinstance(info, inspected.DictType):
        return f"object of {_told(info.value_type)}"
    if isinstance(info, inspected.LiteralType):
        return ", ".join(f"`{value}`" for value in info.values)
    names = {"IntType": "whole number", "FloatType": "number", "StrType": "text", "BoolType": "true or false"}
    return names.get(type(info).__name__, {"NoneType": "null"}.get(type(info).__name__, "anything"))


def _collect(info: Any, nested: dict[type[Any], None]) -> None:
    if isinstance(info, msgspec.inspect.StructType):
        if info.cls not in nested:
            nested[info.cls] = None
            for field in info.fields:
                _collect(field.type, nested)
        return
    for each in (*getattr(info, "types", ()), *(getattr(info, name, None) for name in ("item_type", "value_type"))):
        if each is not None:
            _collect(each, nested)
