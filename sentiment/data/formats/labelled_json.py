"""One JSON text as a value with names, or why it is none."""

from __future__ import annotations

import json
from typing import Any

from sentiment.data.formats.item import Error, kind_of

DEEPEST = 100  # levels of nesting; a labelling tool's export has about eight


def object_of(raw: str) -> tuple[dict[str, Any], Error]:
    """Returns the object that `raw` is, or why it is none."""
    if raw.count("[") + raw.count("{") > DEEPEST and _depth(raw) > DEEPEST:
        return {}, "JSON nested too deeply"
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):  # ValueError is also raised for a number of 5,000 digits
        return {}, "not JSON"
    return (value, "") if isinstance(value, dict) else ({}, f"not a JSON object but {kind_of(value)}")


def _depth(raw: str) -> int:
    """Returns an upper bound of the nesting depth: brackets within strings count, too."""
    depth = deepest = 0
    for character in raw:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest
