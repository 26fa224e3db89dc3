"""Declared types as JSON: a value is written as it is declared, and read back strictly, or refused in one line.

Strict about types and missing fields. Unknown fields are ignored, so that an older program opens what a newer one
wrote; a field that is younger than version 0.1.0 has a default, so that a newer program opens what an older one wrote.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec

from sentiment import atomic
from sentiment.disk import size_of, taken_right
from sentiment.errors import InputError, NoSuchFile

LARGEST = 16 << 20  # bytes; a larger result file is not one of ours
LONGEST = 80  # characters of a wrong value that are quoted
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]  # 0 to 1; never NaN
T = TypeVar("T")

_REFUSAL = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<where>.*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`")
_EXPECTED = re.compile(r"Expected `([^`]*)`(.*?)(?:, got `([^`]*)`)?")
_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "object": "a JSON object",
    "array": "a list",
}


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A JSON object; a field's comment says its unit. Fields are written in the order in which they are declared."""


class StepResult(Record, frozen=True, kw_only=True):
    """What one step leaves in its run's folder, as `STEP.json`, and prints as its last line."""

    STEP: ClassVar[str]


def as_json(value: Any) -> Any:
    """Returns the value as what `json.dumps` takes: dicts, lists, texts, numbers."""
    return msgspec.to_builtins(value)


def write(path: Path, value: msgspec.Struct) -> None:
    """Replaces `path` with the value as indented JSON."""
    atomic.write_json(path, as_json(value))


def read(path: Path, kind: type[T], do: str, name: str = "", largest: int | None = None) -> T:
    """Returns the value in `path`, whose file has at most `largest` bytes; default: LARGEST.

    Raises: InputError when there is none, or it is not of that kind. It names the file (as `name`) and the field, and
    ends with `do`.
    """
    return decoded(_parsed(path, name or str(path), do, largest or LARGEST), kind, name or str(path), do)


def decoded(found: object, kind: type[T], name: str, do: str) -> T:
    """Returns parsed JSON as a value of `kind`.

    Raises: InputError, which calls it `name` (that may be "it") and ends with `do`.
    """
    try:
        return msgspec.convert(found, kind)
    except UnicodeEncodeError:  # where a text must be one of a few, and is half of a character
        raise InputError(f"{name} must hold whole characters", found="half of one", do=do) from None
    except msgspec.ValidationError as error:
        field, must_be, what = _told(str(error), found)
        whose = "its" if name == "it" else f"{name}'s"
        raise InputError(f"{f'{whose} {field}' if field else name} {must_be}", found=what, do=do) from None


def _parsed(path: Path, name: str, do: str, largest: int) -> object:
    try:
        if size_of(path) > largest:
            raise InputError(f"{name} must be a result file", found=f"more than {largest >> 20} MB", do=do)
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise NoSuchFile(name, do=do) from None
    except OSError as error:
        if taken := taken_right(error):
            raise taken from None
        raise InputError(f"{name} must be readable", found=error.strerror or str(error), do=do) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name} must be JSON", found=str(error), do=do) from None


def _told(refusal: str, found: object) -> tuple[str, str, str]:
    """Returns which field must be what, and what was found, from msgspec's sentence about it."""
    parts = _REFUSAL.fullmatch(refusal)
    assert parts is not None  # it matches anything
    what, where = parts["what"], parts["where"] or ""
    if missing := _MISSING.fullmatch(what):
        return ".".join(filter(None, (where, missing[1]))), "must be there", "nothing"
    value = _quoted(found, where)
    if not (expected := _EXPECTED.fullmatch(what)):
        return where, "must be a value that this version knows", value or what
    kinds = " or ".join(_WORDS.get(kind, kind) for kind in expected[1].split(" | "))
    return where, f"must be {kinds}{expected[2]}", value or str(_WORDS.get(expected[3], expected[3]))


def _quoted(found: object, where: str) -> str:
    """Returns the value at a path such as `sets.frozen.support[0]`, cut; "" where the path does not lead on."""
    for part in re.findall(r"[^.\[\]]+|\.\.\.", where):
        try:
            found = found[int(part)] if isinstance(found, list) else found[part]  # type: ignore[index]
        except (LookupError, TypeError, ValueError):
            return ""
    if isinstance(found, dict | list):
        return _WORDS["object" if isinstance(found, dict) else "array"]
    return "null" if found is None else repr(found)[:LONGEST]
