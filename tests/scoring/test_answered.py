"""A shard's posts are answered a part at a time, where their texts are long."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from sentiment.data.identity import identity
from sentiment.data.tsv import Post
from sentiment.scoring import answered


def test_long_texts_are_answered_in_parts_and_each_row_has_its_own_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answered, "AT_ONCE", 1_000)
    asked = list[list[Post]]()

    def answers(posts: list[Post]) -> NDArray[np.float32]:
        asked.append(posts)
        return np.array([[len(post.text), len(post.title), 0] for post in posts], np.float32)

    texts = ["長" * (number % 7 * 50 + 1) for number in range(40)]
    titles = [None, "題" * 20] * 20
    whole = pa.table({"title": titles, "text": pa.array(texts).dictionary_encode()})
    chances, identities = answered.answered(whole, {"text": 1, "title": 0}, answers, 3)
    assert chances[:, 0].tolist() == [len(text) for text in texts]
    assert chances[:, 1].tolist() == [0, 20] * 20
    assert [found.hex() for found in identities] == [identity(text) for text in texts]
    sizes = [sum(len(f"{post.text}{post.title}".encode()) for post in posts) for posts in asked]
    assert len(asked) > 10 and max(sizes) < 2_000
    assert max(len(text.encode()) for text in texts) < 1_000


def test_few_texts_are_answered_in_one_go_and_none_is_not_asked_for() -> None:
    asked = list[int]()

    def answers(posts: list[Post]) -> NDArray[np.float32]:
        asked.append(len(posts))
        return np.zeros((len(posts), 3), np.float32)

    for rows in (20_000, 0):
        texts = pa.array(["好吃"] * rows, pa.string())
        chances, identities = answered.answered(pa.table({"text": texts}), {"text": 0}, answers, 3)
        assert chances.shape == (rows, 3) and len(identities) == rows
    assert asked == [20_000]
