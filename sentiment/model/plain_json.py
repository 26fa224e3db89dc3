"""Reads a JSON object that a stranger wrote: each name once, numbers that are numbers, not too deep for Python."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NoReturn

NO_JSON = "it is no JSON object"


def read_object(written: bytes) -> dict[str, Any]:
    """Returns the object that `written` is, in UTF-8. Raises: ValueError, in one line, when it is none."""
    try:
        value = json.loads(written.decode(), parse_constant=_refuse_constant, object_pairs_hook=_unlike_names)
    except RecursionError:
        raise ValueError("it nests its values too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{NO_JSON}: {error}") from None
    if not isinstance(value, dict):
        raise ValueError(NO_JSON)
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"it has {name} for a number")


def _unlike_names(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Returns the pairs as a dict: of a name that is there twice, two readers could take two values."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("it has a name twice")
    return found
