from __future__ import annotations

import pytest

from sentiment.bench.search import PRECISION, Search, one_smaller


def found(most: int, largest: int = 1024) -> tuple[int, list[int]]:
    """Searches where `most` rows fit; returns the answer and what was tried."""
    search, tried = Search(largest), []
    while (batch := search.next) is not None:
        tried.append(batch)
        search.note(batch, fits=batch <= most)
    return search.best, tried


@pytest.mark.parametrize("most", [0, 1, 2, 3, 6, 12, 14, 16, 31, 33, 63, 100, 511, 700, 1023])
def test_the_largest_batch_that_fits_is_found_to_a_sixteenth(most: int) -> None:
    best, tried = found(most)
    assert most - max(1, best // PRECISION) < best <= most
    assert len(set(tried)) == len(tried) <= 16


@pytest.mark.parametrize("largest", [1, 3, 100])
def test_no_more_than_the_largest_is_ever_tried(largest: int) -> None:
    best, tried = found(10**9, largest)
    assert best == max(tried) == largest


def test_small_batches_are_found_exactly() -> None:
    assert [found(most)[0] for most in range(32)] == list(range(32))


def test_falling_back_ends_at_nothing() -> None:
    batch, steps = 1000, 0
    while batch:
        smaller = one_smaller(batch)
        assert 0 <= smaller < batch
        batch, steps = smaller, steps + 1
    assert steps < 100
