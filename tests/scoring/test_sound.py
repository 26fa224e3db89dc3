"""What Arrow would end the process for is refused before an array is made of it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sentiment.scoring.sound import require_sound

VALUES = pa.array([1, 2, 3])
LISTS = (pa.list_(pa.int64()), pa.large_list(pa.int64()))
TEXTS = (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())
MAP = pa.map_(pa.string(), pa.int64())


def require(kind: pa.DataType, length: int, offsets: list[int]) -> None:
    number = np.int64 if str(kind).startswith("large") else np.int32
    data = [pa.py_buffer(b"abc")] if kind in TEXTS else []
    buffers = [None, pa.py_buffer(np.array(offsets, number).tobytes()), *data]
    require_sound(kind, length, buffers, [] if data else [VALUES])


@pytest.mark.parametrize("kind", [*LISTS, *TEXTS], ids=str)
def test_offsets_begin_at_none_ascend_and_end_within_what_is_held(kind: pa.DataType) -> None:
    for length, offsets in ((0, [0]), (1, [0, 3]), (3, [0, 0, 2, 2])):
        require(kind, length, offsets)
    for length, offsets in (
        (0, []), (0, [5]), (0, [-1]), (0, [0, 0]), (1, [0]), (1, [0, 4]), (1, [1, 3]), (2, [0, 3, 2]), (2, [0, -1, 3]),
        (2, [0, 4, 3]), (2, [-1, 0, 3]),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="begins or ends where nothing is"):
            require(kind, length, offsets)


def test_offsets_that_end_within_a_number_are_refused() -> None:
    with pytest.raises(ValueError, match="multiple of element size"):
        require_sound(pa.string(), 1, [None, pa.py_buffer(bytes(9)), pa.py_buffer(b"")], [])


@pytest.mark.parametrize(("key", "mask"), [("k", True), (None, False)])
def test_a_map_has_no_entry_and_no_key_that_is_none(key: str | None, mask: bool) -> None:
    def require_entries(key: str | None, mask: bool) -> None:
        parts = [pa.array([key], pa.string()), pa.array([None], pa.int64())]
        entries = pa.StructArray.from_arrays(parts, names=["key", "value"], mask=pa.array([mask]))
        require_sound(MAP, 1, [None, pa.py_buffer(np.array([0, 1], np.int32).tobytes())], [entries])

    require_entries("k", False)
    with pytest.raises(ValueError, match="an entry or a key that is none"):
        require_entries(key, mask)
