"""Looks a safetensors file over before anybody reads it: its header is short, and says what the file holds.

The library checks much of it too, after it has taken memory for a header of up to 100 MB, and reports what it found in
its own terms. Format: 8 bytes with the header's length, the header (JSON), the tensors' bytes one after another.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, TypeGuard

from sentiment.model import plain_json

LENGTH = 8  # bytes of the header's length, least significant first
LONGEST_HEADER = 4 << 20  # bytes; a BERT of 24 layers has 50 KB
MOST_TENSORS = 20_000
MOST_DIMENSIONS = 8
METADATA = "__metadata__"
SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


def require_plain(path: Path) -> None:
    """Raises: ValueError, in one line, unless the header describes the whole file, and nothing else."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(LENGTH), "little")
        if length > min(LONGEST_HEADER, size - LENGTH):
            raise ValueError(f"its header has {length:,} bytes, more than {LONGEST_HEADER:,} or than the file")
        header = plain_json.read_object(file.read(length))
    _require_texts(header.pop(METADATA, {}))
    if len(header) > MOST_TENSORS:
        raise ValueError(f"it has {len(header):,} tensors, more than {MOST_TENSORS:,}")
    places = sorted((_place(name, entry), name) for name, entry in header.items())
    _require_beside_each_other(places, size - LENGTH - length)


def _require_texts(metadata: Any) -> None:
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise ValueError(f"its {METADATA} holds more than texts")


def _place(name: str, entry: Any) -> tuple[int, int]:
    """Returns where a tensor's bytes begin and end. Raises: ValueError unless its kind and its shape have that size."""
    found = entry if isinstance(entry, dict) else {}
    kind, shape, ends = (found.get(key) for key in ("dtype", "shape", "data_offsets"))
    if not isinstance(kind, str) or kind not in SIZES:
        raise ValueError(f"its {_shown(name)} has the kind {str(kind)[:20]!a}, which is none of {', '.join(SIZES)}")
    if not _are_counts(shape) or len(shape) > MOST_DIMENSIONS or not _are_counts(ends) or len(ends) != 2:
        raise ValueError(f"its {_shown(name)} has a shape or offsets that are none")
    begin, end = ends
    wanted = math.prod(shape) * SIZES[kind]
    if end - begin != wanted:
        raise ValueError(f"its {_shown(name)} has {end - begin:,} bytes, not the {wanted:,} of {kind} {shape}")
    return begin, end


def _require_beside_each_other(places: list[tuple[tuple[int, int], str]], size: int) -> None:
    """Raises: ValueError unless the tensors fill the file's `size` bytes without a gap and without sharing any."""
    expected = 0
    for (begin, end), name in places:
        if begin != expected:
            raise ValueError(f"its {_shown(name)} begins at byte {begin:,}, not at {expected:,} as the one before ends")
        expected = end
    if expected != size:
        raise ValueError(f"its tensors have {expected:,} bytes, and the file has {size:,} for them")


def _are_counts(values: Any) -> TypeGuard[list[int]]:
    return isinstance(values, list) and all(type(value) is int and 0 <= value < 1 << 63 for value in values)


def _shown(name: str) -> str:
    return ascii(name[:80])
