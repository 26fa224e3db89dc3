"""A shard's posts are answered a part at a time, where their texts are long."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from sentiment.data.identity import identity
from sentiment.data.tsv import Post
from sentiment.scoring import answered
from sentiment.scoring.plain_table import is_binary


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


@pytest.mark.parametrize("kind", [pa.binary(), pa.binary(3), pa.large_binary()])
def test_bytes_are_no_title_and_are_not_made_also_where_they_are_words_of_a_dictionary(kind: pa.DataType) -> None:
    bytes_of_titles = pa.array([b"abc", None, b"abc"], kind)

    def answers(posts: list[Post]) -> NDArray[np.float32]:
        assert [post.title for post in posts] == ["", "", ""]
        return np.zeros((len(posts), 3), np.float32)

    for titles in (bytes_of_titles, bytes_of_titles.dictionary_encode()):
        assert is_binary(titles.type)
        answered.answered(pa.table({"text": ["a", "b", "c"], "title": titles}), {"text": 0, "title": 1}, answers, 3)


def test_of_a_dictionary_of_bytes_no_title_takes_room() -> None:
    words = pa.DictionaryArray.from_arrays(pa.array([0] * 2_000, pa.int32()), pa.array([b"\xff" * 50_000]))
    posts = pa.table({"text": ["a"] * 2_000, "title": words})
    tracemalloc.start()
    answered.answered(posts, {"text": 0, "title": 1}, lambda some: np.zeros((len(some), 3), np.float32), 3)
    _, held = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 5 << 20, "all rows have 100 MB"
