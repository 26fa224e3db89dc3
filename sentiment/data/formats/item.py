"""What somebody labelled, before it is known which field of it is the label."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

Error = str
PART = "the label is of a part of the text, not of the text"
Answers = Mapping[str, Any]
KINDS = {dict: "an object", list: "a list", bool: "true or false", int: "a number", float: "a number"}


class Item(NamedTuple):
    """One labelled post of a tool's export, or of a plain table.

    `fields` hold the text. `answers` has an entry for every annotator who counts: what they stated, by the name of the
    field or control. `task` tells which rows are about the same task, where a row is one annotator's. `known` says
    that the answers are an annotator's, and not just columns that may hold anything.
    """

    tool: str
    fields: Mapping[str, Any]
    answers: tuple[Answers, ...] = ()
    task: str = ""
    error: Error = ""
    known: bool = True
    against: bool = False  # the annotator says that the label is not the one stated


def one_label(value: Any) -> tuple[str, Error]:
    """Returns the one label that `value` (a scalar, a list of them, or Label Studio's choices) states, or why not."""
    if isinstance(value, dict) and isinstance(value.get("choices"), list):
        value = value["choices"]
    given = value if isinstance(value, list) else [value]
    if any(isinstance(item, (dict, list)) for item in given):
        return "", "label is not a single word"
    found = list(dict.fromkeys(text for text in map(scalar, given) if text.strip()))
    if len(found) > 1:
        return ", ".join(found)[:200], "more than one label"
    return (found[0], "") if found else ("", "no label")


def scalar(value: Any) -> str:
    """Returns a JSON scalar as text. A number such as 1.0 is 1: pandas writes so where a column has gaps."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if value is None or value != value or isinstance(value, (dict, list)):  # NaN, too, is nothing
        return ""
    return str(value)


def kind_of(value: Any) -> str:
    """Returns what a JSON value is, in words."""
    return KINDS.get(type(value), "a string" if isinstance(value, str) else "null")


def cell(value: str) -> Any:
    """Returns the value that a cell of a table holds: a list or an object as JSON or as Python writes it, or text."""
    if not value.startswith(("[", "{")) or len(value) > 20_000:
        return value
    for read in (json.loads, _as_python_writes):
        try:
            found = read(value)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
        return found if isinstance(found, (list, dict)) else value
    return value


def _as_python_writes(value: str) -> Any:
    """Returns what JSON can say of a Python literal. Raises: ValueError, TypeError, and what Python's parser raises."""
    return json.loads(json.dumps(ast.literal_eval(value)))
