"""What a request is to compute, and how it is cut into turns: pure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment.model_server.work import LONGEST, ROWS_OF_A_TURN, TURN, lengths_of, turns, work_of

BATCH = 32


def texts(*rows: str) -> dict[str, np.typing.NDArray[Any]]:
    return {"text": np.array([row.encode() for row in rows], object)}


def test_a_long_row_makes_each_row_beside_it_as_dear() -> None:
    """As it was, one row of 512 pieces and 127 empty ones counted as 2,048 tokens, and 65,536 were computed."""
    assert work_of(lengths_of(texts("! " * 512, *[""] * 127))) == 128 * LONGEST


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", 2),
        ("今天天氣", 6),
        ("!" * 100, 102),
        ("한" * 100, 302),
        ("!" * 600, LONGEST),
        ("好" * 2000, LONGEST + (6000 - 4 * LONGEST) // 64),
        ("a" * 16_000_000, LONGEST + (16_000_000 - 4 * LONGEST) // 64),
    ],
)
def test_a_text_counts_at_least_the_pieces_that_it_may_have(text: str, pieces: int) -> None:
    assert lengths_of(texts(text)) == [pieces]


def test_a_title_counts_beside_its_text() -> None:
    """As it was, only the longer one did: with titles, a request was twice as dear as it counted."""
    title = "好" * 2000
    assert lengths_of(texts(title) | {"title": np.array([title.encode()], object)}) == [2 * lengths_of(texts(title))[0]]
    assert lengths_of(texts("今天天氣", "") | {"title": np.array([b"", b"ab"], object)}) == [8, 6]


def test_rows_of_ids_count_by_the_widest_input() -> None:
    arrays = {"input_ids": np.zeros((3, 40), np.int32), "input_mask": np.zeros((3, 50), np.int32)}
    assert lengths_of(arrays) == [50] * 3
    assert lengths_of({"one": np.zeros((2, 3)), "other": np.zeros((4, 5))}) == [5] * 4
    assert (lengths_of({"scalar": np.array(1)}), work_of([]), lengths_of({})) == ([1], 1, [])
    assert lengths_of({"pairs": np.array([[b"ab", b"c"]], object)}) == [7]


def test_rows_of_512_take_turns_of_eight_and_short_ones_of_64() -> None:
    assert list(turns([512] * 20, BATCH)) == [slice(0, 8), slice(8, 16), slice(16, 20)]
    assert list(turns([20] * 150, BATCH)) == [slice(0, 64), slice(64, 128), slice(128, 150)]


def test_a_turn_is_a_whole_batch_or_a_power_of_two() -> None:
    assert list(turns([300] * 21, BATCH)) == [slice(0, 8), slice(8, 21)]
    assert next(turns([100] * 100, BATCH)) == slice(0, 32)


@given(st.lists(st.integers(0, 20_000) | st.integers(0, 64), max_size=400), st.integers(1, 64))
@settings(derandomize=True, max_examples=60, deadline=None)
def test_turns_cover_all_rows_and_none_but_a_single_row_is_more_than_others_wait_for(
    lengths: list[int], batch: int
) -> None:
    found = list(turns(lengths, batch))
    assert [row for part in found for row in range(part.start, part.stop)] == list(range(len(lengths)))
    for part in found:
        rows = part.stop - part.start
        assert 1 <= rows <= ROWS_OF_A_TURN
        assert rows == 1 or work_of(lengths[part]) <= TURN
