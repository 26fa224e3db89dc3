"""JSON that a command goes on from carries a sha256 of the rest of it, and of the files beside it that it tells of.

Weights have checksums of their own. A figure has none: with one digit changed it is a figure still, and would lead to
another result without a word. What an earlier version wrote has no such sum, and is used as it was used then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from sentiment.digests import sha256_of

SEAL = "sha256"


def sealed(value: Mapping[str, Any], *files: Path, name: str = SEAL) -> dict[str, Any]:
    """Returns `value` with the sum of it, and of `files`, under `name`."""
    return {**value, name: _sum(value, files)}


def unbroken(found: object, *files: Path, fields: Collection[str] = (), name: str = SEAL) -> dict[str, Any]:
    """Returns `found` without the sum. With `fields` it has these alone: the sum's own name may be damaged, too.

    Raises: ValueError unless it is what was written, and `files` are those that it was written beside.
    """
    if not isinstance(found, dict):
        raise ValueError("it holds no JSON object")
    rest = {field: value for field, value in found.items() if field != name}
    if (name in found and found[name] != _sum(rest, files)) or (fields and set(rest) != set(fields)):
        raise ValueError("it is not what was written, by its sha256")
    return rest


def _sum(value: Mapping[str, Any], files: Collection[Path]) -> str:
    """Returns the same for a value and for what is read of it: names are texts then, and tuples lists."""
    plain = json.loads(json.dumps(value))
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace")
    parts = [hashlib.sha256(text).hexdigest(), *(f"{path.name} {sha256_of(path)}" for path in files)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
