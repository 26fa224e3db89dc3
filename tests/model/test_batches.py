from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

LENGTHS = st.lists(st.integers(2, 128), min_size=1, max_size=200)


def encoded_of(lengths: list[int]):  # type: ignore[no-untyped-def]
    from sentiment.model.batches import Encoded

    rows = [np.full(length, index + 5, np.int32) for index, length in enumerate(lengths)]
    return Encoded(rows, [np.zeros_like(row) for row in rows], np.arange(len(lengths), dtype=np.int32))


@given(LENGTHS, st.integers(1, 40), st.one_of(st.none(), st.integers(0, 99)))
def test_every_row_is_in_exactly_one_batch(lengths: list[int], size: int, seed: int | None) -> None:
    from sentiment.model.batches import plan

    batches = plan(np.array(lengths, np.int32), size, None if seed is None else np.random.default_rng(seed))
    assert sorted(itertools.chain.from_iterable(batch.tolist() for batch in batches)) == list(range(len(lengths)))
    assert len(batches) == -(-len(lengths) // size)


def test_rows_of_like_length_share_a_batch() -> None:
    from sentiment.model.batches import plan

    lengths = np.array([128, 10] * 32, np.int32)
    for batch in plan(lengths, 16, np.random.default_rng(0)):
        assert len(set(lengths[batch])) == 1


def test_each_epoch_has_another_order_and_a_seed_repeats_it() -> None:
    from sentiment.model.batches import epoch

    def rows(draw: np.random.Generator) -> list[int]:
        batches = [labels.tolist() for _, labels in epoch(encoded_of([10] * 64), 16, 128, draw)]
        return list(itertools.chain(*batches))

    draw, again = np.random.default_rng(7), np.random.default_rng(7)
    first, second = rows(draw), rows(draw)
    assert first == rows(again)
    assert first != second
    assert sorted(first) == sorted(second) == list(range(64))


def test_the_longest_batch_may_come_first() -> None:
    from sentiment.model.batches import epoch

    encoded = encoded_of([5] * 32 + [90] + [12] * 31)
    plain = [labels.tolist() for _, labels in epoch(encoded, 8, 128, np.random.default_rng(1))]
    moved = [labels.tolist() for _, labels in epoch(encoded, 8, 128, np.random.default_rng(1), longest_first=True)]
    assert 32 in moved[0]
    assert [batch for batch in plain if 32 not in batch] == moved[1:]


def test_hidden_pieces_are_a_share_and_never_a_special_one() -> None:
    from sentiment.model.batches import hide

    ids = np.tile(np.array([2, 50, 60, 70, 3, 0], np.int32), (500, 1))
    hidden = hide(ids, 0.15, 4, (0, 2, 3), np.random.default_rng(0))
    assert (hidden[:, [0, 4, 5]] == [2, 3, 0]).all()
    assert 0.12 < (hidden[:, 1:4] == 4).mean() < 0.18
    assert (hide(ids, 0.0, 4, (0, 2, 3), np.random.default_rng(0)) == ids).all()


def test_padding_is_zero_and_masked() -> None:
    from sentiment.model.batches import padded

    inputs = padded(encoded_of([3, 9]), np.array([1, 0]), 128)
    assert inputs["input_ids"].shape == (2, 16)
    assert inputs["input_mask"].sum(axis=1).tolist() == [9, 3]
    assert (inputs["input_ids"] > 0).astype(np.int32).tolist() == inputs["input_mask"].tolist()


@given(st.integers(2, 512), st.integers(8, 512))
def test_a_width_holds_its_row_and_never_passes_the_longest(length: int, longest: int) -> None:
    from sentiment.model.batches import width

    length = min(length, longest)
    assert length <= width(length, longest) <= longest


def test_long_texts_are_tokenised_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow Text takes a hundred times the bytes of the texts that it is given together."""
    from sentiment.data.tsv import Post
    from sentiment.model import batches
    from sentiment.model.tokenizer import Tokenizer

    posts = [Post("好" * (1 + 40 * (row % 3)), row % 2, title="壞" * (row % 4)) for row in range(23)]
    tokenizer = Tokenizer(
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "好", "壞"], max_seq_length=64, lower_case=True
    )
    whole = batches.encode(tokenizer, posts)
    given: list[int] = []
    cut = tokenizer.encode_pairs

    def noted(titles: list[bytes], texts: list[bytes]) -> Any:
        given.append(sum(map(len, (*titles, *texts))))
        return cut(titles, texts)

    monkeypatch.setattr(batches, "BYTES_AT_ONCE", 300)
    monkeypatch.setattr(tokenizer, "encode_pairs", noted)
    found = batches.encode(tokenizer, posts)
    longest = max(len(post.text.encode() + post.title.encode()) for post in posts)
    assert len(given) > 3 and max(given) < 300 + longest
    for one, other in zip((*whole.ids, *whole.segments), (*found.ids, *found.segments), strict=True):
        np.testing.assert_array_equal(one, other)
