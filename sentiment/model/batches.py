"""Makes batches of posts: tokenised once, and sorted into length buckets so that short posts need little padding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from sentiment.data.tsv import Post
from sentiment.model.soft import Soft
from sentiment.step import say

if TYPE_CHECKING:
    from sentiment.model.tokenizer import Tokenizer

T = TypeVar("T")
Ints = NDArray[np.int32]
Inputs = dict[str, Ints]
ROWS_AT_ONCE = 4096  # that are tokenised together
BYTES_AT_ONCE = 4 << 20  # of their texts: to cut one into pieces takes some hundred times its size
BUCKETS = (8, 16, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256, 384, 512)


@dataclass(frozen=True)
class Encoded:
    """Tokenised posts: row i is `ids[i]` and `segments[i]`, int32 [its own length].

    With `soft`, a training learns from that, and `labels` are only what its answers are counted against.
    """

    ids: list[Ints]
    segments: list[Ints]
    labels: Ints
    soft: Soft | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> Ints:
        return np.array([len(row) for row in self.ids], np.int32)

    def only(self, rows: Sequence[int]) -> Encoded:
        """Returns the named rows, in that order."""
        rows = list(rows)
        ids, segments = ([of[row] for row in rows] for of in (self.ids, self.segments))
        return Encoded(ids, segments, self.labels[rows], self.soft.only(rows) if self.soft else None)


def encode(tokenizer: Tokenizer, posts: Sequence[Post]) -> Encoded:
    """Tokenises `posts` with their titles; a model that was trained without gets none, which is said once."""
    if tokenizer.untitled is not None:
        posts = _without_titles(tokenizer, posts)
    ids: list[Ints] = []
    segments: list[Ints] = []
    pairs = ((_utf8(tokenizer.head(post.title)), _utf8(tokenizer.head(post.text))) for post in posts)
    for some in at_once(pairs, lambda pair: len(pair[0]) + len(pair[1])):
        titles, texts = map(list, zip(*some, strict=True))
        pieces, parts = tokenizer.encode_pairs(titles, texts)
        cuts = pieces.row_splits.numpy()[1:-1]
        ids += np.split(pieces.values.numpy(), cuts)
        segments += np.split(parts.values.numpy(), cuts)
    return Encoded(ids, segments, np.array([post.label for post in posts], np.int32))


def at_once(items: Iterable[T], size_of: Callable[[T], int]) -> Iterator[list[T]]:
    """Yields as many as are tokenised together, which of long texts are few; `size_of` returns the bytes of one."""
    some: list[T] = []
    size = 0
    for item in items:
        some.append(item)
        size += size_of(item)
        if len(some) == ROWS_AT_ONCE or size >= BYTES_AT_ONCE:
            yield some
            some, size = [], 0
    if some:
        yield some


def _without_titles(tokenizer: Tokenizer, posts: Sequence[Post]) -> Sequence[Post]:
    if not any(post.title for post in posts):
        return posts
    if not tokenizer.told_untitled:
        say(f"titles are left out: {tokenizer.untitled} was trained without titles, and reads the texts alone")
        tokenizer.told_untitled = True
    return [post._replace(title="") for post in posts]


def _utf8(text: str) -> bytes:
    """Returns UTF-8; a lone surrogate (JSON can contain one) is not a character and becomes a question mark."""
    return text.encode("utf-8", errors="replace")


def width(length: int, max_seq_length: int) -> int:
    """Returns the bucket of a row of `length` pieces; few widths mean that few shapes are ever traced."""
    return min(max_seq_length, next((bucket for bucket in BUCKETS if bucket >= length), length))


def plan(lengths: Ints, batch_size: int, shuffle: np.random.Generator | None = None) -> list[NDArray[np.int64]]:
    """Returns the rows of each batch, with rows of similar length together.

    With `shuffle`, the rows of a bucket and the batches come in random order; without it, short rows come first.
    """
    rows = np.arange(len(lengths)) if shuffle is None else shuffle.permutation(len(lengths))
    rows = rows[np.argsort(np.searchsorted(BUCKETS, lengths[rows]), kind="stable")]
    batches = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    if shuffle is not None:
        batches = [batches[index] for index in shuffle.permutation(len(batches))]
    return batches


def padded(encoded: Encoded, rows: NDArray[np.int64], max_seq_length: int) -> Inputs:
    """Returns the model's three inputs for `rows`, int32 [rows, bucket of the longest]."""
    columns = width(max(len(encoded.ids[row]) for row in rows), max_seq_length)
    inputs = {name: np.zeros((len(rows), columns), np.int32) for name in ("input_ids", "input_mask", "segment_ids")}
    for line, row in enumerate(rows):
        length = len(encoded.ids[row])
        inputs["input_ids"][line, :length] = encoded.ids[row]
        inputs["input_mask"][line, :length] = 1
        inputs["segment_ids"][line, :length] = encoded.segments[row]
    return inputs


def epoch(
    encoded: Encoded, batch_size: int, max_seq_length: int, draw: np.random.Generator, *, longest_first: bool = False
) -> Iterator[tuple[Inputs, NDArray[np.int64]]]:
    """Yields (inputs, the numbers of their rows) for one pass over all rows, in an order from `draw`.

    With `longest_first` the largest batch comes first: if it does not fit into memory, that fails at once.
    """
    lengths = encoded.lengths
    batches = plan(lengths, batch_size, draw)
    if longest_first:
        sizes = [len(rows) * lengths[rows].max() for rows in batches]
        batches.insert(0, batches.pop(int(np.argmax(sizes))))
    for rows in batches:
        yield padded(encoded, rows, max_seq_length), rows


def hide(ids: Ints, share: float, mask: int, keep: Sequence[int], draw: np.random.Generator) -> Ints:
    """Returns `ids` with a `share` of the pieces replaced by the piece `mask`; the pieces in `keep` stay."""
    hidden = (draw.random(ids.shape) < share) & ~np.isin(ids, keep)
    return np.where(hidden, np.int32(mask), ids)
