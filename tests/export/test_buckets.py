from __future__ import annotations

import pytest

from sentiment.export.buckets import buckets_for, lengths_for, sizes_for


def test_lengths_end_at_the_longest() -> None:
    assert lengths_for(128) == [16, 32, 64, 128]
    assert lengths_for(100) == [16, 32, 64, 100]
    assert lengths_for(512) == [16, 32, 64, 128, 256, 512]
    assert lengths_for(8) == [8]


def test_a_batch_has_at_most_32_rows_and_of_long_ones_fewer() -> None:
    assert {sizes_for(length)[-1] for length in (8, 16, 100, 128)} == {32}
    assert (sizes_for(129)[-1], sizes_for(256)[-1], sizes_for(512)[-1]) == (16, 16, 8)
    assert sizes_for(100_000) == (1,)


@pytest.mark.parametrize(("trained", "positions"), [(8, 512), (100, 512), (128, 128), (512, 512)])
def test_every_length_that_a_model_takes_has_its_bucket(trained: int, positions: int) -> None:
    lengths = [bucket.length for bucket in buckets_for(trained, positions)]
    assert lengths == sorted(set(lengths))
    assert lengths[-1] == positions and trained in lengths


def test_where_nothing_is_computed_of_empty_places_a_batch_has_as_many_rows_as_there_are() -> None:
    assert [bucket.of_every_size.sizes for bucket in buckets_for(64, 64)] == [tuple(range(1, 33))] * 3
