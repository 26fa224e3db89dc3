"""A piece's rows answered, a part of them at a time: as Python's texts they take several times what the piece takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sentiment.data.identity import identity
from sentiment.data.tsv import Post, one_line
from sentiment.scoring.parquet_rows import texts_of, values_of
from sentiment.scoring.plain_table import is_binary, is_text, lengths_of

Answers = Callable[[list[Post]], NDArray[np.float32]]  # posts → [posts, labels], in their order
AT_ONCE = 64 << 20  # bytes of texts and titles; an honest shard has far fewer, and is answered in one go


def answered(
    table: pa.Table, places: dict[str, int], answers: Answers, labels: int
) -> tuple[NDArray[np.float32], list[bytes]]:
    """Returns the probabilities of each row, [rows, labels], and the identities of the texts."""
    chances, texts = [np.empty((0, labels), np.float32)], list[bytes]()
    for part in _parts(table, places):
        posts = _posts_of(part, places)
        chances.append(answers(posts))
        texts += [bytes.fromhex(identity(post.text)) for post in posts]
    return np.concatenate(chances), texts


def _parts(table: pa.Table, places: dict[str, int]) -> Iterator[pa.Table]:
    """Yields the rows in order, so many at a time that their texts have `AT_ONCE` bytes, or one row that has more."""
    columns = [table.column(places[part]) for part in ("text", "title") if part in places]
    lengths = sum((lengths_of(one) for one in columns if is_text(one.type)), np.zeros(len(table), np.int64))
    of_part = np.cumsum(lengths) // AT_ONCE
    starts = [0, *(np.flatnonzero(np.diff(of_part)) + 1).tolist(), len(table)]
    for start, end in pairwise(starts):
        if start < end:
            yield table.slice(start, end - start)


def _posts_of(table: pa.Table, places: dict[str, int]) -> list[Post]:
    texts = texts_of(table.column(places["text"]))
    titles: list[Any] = [""] * len(texts)
    if "title" in places and not is_binary(table.schema.field(places["title"]).type):  # bytes are no title
        titles = values_of(table.column(places["title"]))
    return [Post(str(text), 0, _title(title)) for text, title in zip(texts, titles, strict=True)]


def _title(value: Any) -> str:
    if value is None or isinstance(value, bytes):
        return ""
    return one_line(str(value))
