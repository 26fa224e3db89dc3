"""Whether Arrow may make an array of some buffers: for what is looked for here, it ends the process, now or later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

# The types that say where each of their values begins and ends, by the width of the numbers that say it.
SHORT = (pa.types.is_string, pa.types.is_binary, pa.types.is_list, pa.types.is_map)
LONG = (pa.types.is_large_string, pa.types.is_large_binary, pa.types.is_large_list)


def require_sound(kind: pa.DataType, length: int, buffers: Sequence[Any], within: Sequence[pa.Array]) -> None:
    """Raises: ValueError unless an array may be made of these; how long its other buffers are, Arrow checks itself."""
    _, *held = buffers
    if any(test(kind) for test in SHORT):
        _require_ascending(np.frombuffer(held[0], np.int32), length, _count(held[1:], within))
    elif any(test(kind) for test in LONG):
        _require_ascending(np.frombuffer(held[0], np.int64), length, _count(held[1:], within))
    if pa.types.is_map(kind) and (within[0].null_count or within[0].field(0).null_count):
        raise ValueError("a map with an entry or a key that is none")


def _count(texts: Sequence[Any], lists: Sequence[pa.Array]) -> int:
    """Returns how many bytes its texts are, or how many values its lists hold."""
    return sum(int(buffer.size) for buffer in texts) + sum(map(len, lists))


def _require_ascending(offsets: NDArray[Any], length: int, held: int) -> None:
    """Raises: ValueError unless there is one more than values, of no values too, and all lie within what is held."""
    if len(offsets) != length + 1 or offsets[0] or offsets[-1] > held or (offsets[1:] < offsets[:-1]).any():
        raise ValueError("a value that begins or ends where nothing is")
