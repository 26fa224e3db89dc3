"""What is hidden of a batch, and how the course of a pretraining goes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sentiment.pretraining.fit import parts
from sentiment.pretraining.masking import hide
from sentiment.pretraining.schedule import parts_of_a_step, rate

Rows = list[list[tuple[int, bool]]]  # of pieces, and whether a word begins
SPECIAL = np.array([0, 1, 2, 3, 4], np.int32)
MASK, PIECES = 4, 50


def batch_of(rows: Rows) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    width = max(map(len, rows)) + 3
    ids, begins = np.zeros((len(rows), width), np.int32), np.ones((len(rows), width), bool)
    for line, row in enumerate(rows):
        ids[line, 0], ids[line, len(row) + 1] = 2, 3
        for place, (piece, begin) in enumerate(row, 1):
            ids[line, place], begins[line, place] = piece, begin or place == 1
    return ids, begins


words = st.lists(st.tuples(st.integers(5, PIECES - 1), st.booleans()), min_size=1, max_size=12)


@given(st.lists(words, min_size=1, max_size=6), st.floats(0.01, 0.5), st.integers(0, 2**31))
def test_whole_words_are_hidden_and_nothing_special_ever(rows: Rows, share: float, seed: int) -> None:
    ids, begins = batch_of(rows)
    hidden = hide(ids, begins, share, np.random.default_rng(seed), mask=MASK, special=SPECIAL, pieces=PIECES)
    asked = np.zeros(ids.shape, bool)
    asked[tuple(hidden.places.T)] = True
    assert len(hidden.answers) >= 1 and not np.isin(hidden.answers, SPECIAL).any()
    assert (hidden.answers == ids[asked]).all()
    assert (hidden.ids[~asked] == ids[~asked]).all()
    word = np.cumsum(begins, axis=1)
    real = ~np.isin(ids, SPECIAL)
    for line in range(len(ids)):
        for number in set(word[line][real[line]]):
            assert len(set(asked[line][(word[line] == number) & real[line]])) == 1


def test_eighty_ten_ten() -> None:
    draw = np.random.default_rng(1)
    ids = draw.integers(5, PIECES, (400, 64), dtype=np.int32)
    hidden = hide(ids, np.ones(ids.shape, bool), 0.15, draw, mask=MASK, special=SPECIAL, pieces=PIECES)
    rows, columns = hidden.places.T
    now = hidden.ids[rows, columns]
    assert len(now) / ids.size == pytest.approx(0.15, abs=0.01)
    assert (now == MASK).mean() == pytest.approx(0.8, abs=0.02)
    assert (now == hidden.answers).mean() == pytest.approx(0.1, abs=0.02)


def test_the_rate_rises_and_falls_and_the_batch_grows() -> None:
    rates = [rate(done / 100, 1e-3, 0.1) for done in range(101)]
    assert max(rates) == pytest.approx(1e-3) and rates.index(max(rates)) == 10
    assert 0 < rates[0] < rates[5] < rates[10] > rates[50] > rates[99] > rates[100] == 0
    assert rate(0.0, 1e-3, 0.0) == pytest.approx(1e-3) and rate(1.0, 1e-3, 1.0) == 0
    grown = [parts_of_a_step(done / 100, 8, 0.2) for done in range(101)]
    assert grown[0] == 1 and grown == sorted(grown) and grown[20:] == [8] * 81
    assert parts_of_a_step(0, 8, 0) == 8


@given(st.lists(st.integers(3, 64), min_size=1, max_size=200), st.integers(64, 500), st.integers(0, 99))
def test_a_pass_has_every_row_once_and_no_part_is_too_large(lengths: list[int], most: int, seed: int) -> None:
    sizes = np.array(lengths, np.int64)
    found = parts(sizes, most, 64, np.random.default_rng(seed))
    assert sorted(int(row) for rows in found for row in rows) == list(range(len(lengths)))
    assert all(len(rows) * sizes[rows].max() <= most for rows in found)
