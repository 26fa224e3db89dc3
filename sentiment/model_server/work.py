"""How much a request is to compute, and what of it is computed at a time. Pure.

A batch is as wide as its longest row: one long text makes each empty one beside it as dear as itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

LONGEST = 512  # pieces of a text: the positions of a BERT; what is longer is cut
# In tokens, of requests that are computed at once: it fills several of the largest batches. What exceeds it waits for
# its turn, in a fair order, and not in TensorFlow's queue, in the order of arrival. One client may have half of it.
WORK = 32 * 512
TURN = WORK // 4  # of a request, at a time: so there is always room for another client, and what is inside ends soon
MOST_ROWS = 1024  # of a request: the server and an export refuse a longer one
LARGEST_BATCH = 32  # rows that an export computes together; more do not pay on a CPU
BATCHES_AT_ONCE = 2  # of an export: one is computed while the next is put together, each by its share of the processors
ROWS_OF_A_TURN = 2 * LARGEST_BATCH  # of short ones
# Tokens, for one that is shorter may share a batch with a long one. So 256 rows at most are inside, an eighth of what
# TensorFlow's queue has places for.
LEAST_OF_A_ROW = 64
MOST_BYTES_OF_A_CHARACTER = 4
HANGUL = (b"\xea", b"\xeb", b"\xec", b"\xed")  # what a syllable begins with in UTF-8; it becomes up to three letters
BYTES_FOR_A_TOKEN = 64  # of a text that is cut, which takes about as long as a token of a small model


def share_of(processors: int) -> int:
    """Returns how many of so many processors compute an operation of one batch."""
    return max(1, processors // BATCHES_AT_ONCE)


def lengths_of(arrays: Mapping[str, Any]) -> list[int]:
    """Returns the tokens of each row of a request; of a text, those that it has at most.

    A title and its text are both cut into pieces, and computed one behind the other; token ids come with their masks.
    """
    together = sum if all(array.dtype == object for array in arrays.values()) else max
    columns = [_lengths(array) for array in arrays.values()]
    if len(set(map(len, columns))) == 1:
        return [together(row) for row in zip(*columns, strict=True)]
    return max(columns, key=work_of, default=[])


def work_of(lengths: Sequence[int]) -> int:
    """Returns the tokens that are computed for rows of these lengths together."""
    return len(lengths) * max(LEAST_OF_A_ROW, max(lengths, default=0)) or 1


def turns(lengths: Sequence[int], batch: int, work: int = TURN) -> Iterator[slice]:
    """Yields the rows to compute at a time, so that each turn but that of a single row is at most `work`.

    A turn that does not end a request is a number of whole batches of `batch` rows, or a power of two: other sizes
    would be filled up with rows that nobody wants.
    """
    begin = 0
    while begin < len(lengths):
        size = _fitting(lengths[begin : begin + ROWS_OF_A_TURN], work)
        if begin + size < len(lengths):
            size = size - size % batch if size >= batch else 1 << (size.bit_length() - 1)
        yield slice(begin, begin + size)
        begin += size


def _fitting(lengths: Sequence[int], work: int) -> int:
    longest = LEAST_OF_A_ROW
    for rows, length in enumerate(lengths):
        longest = max(longest, length)
        if rows and (rows + 1) * longest > work:
            return rows
    return len(lengths)


def _lengths(array: Any) -> list[int]:
    rows = len(array) if array.ndim else 1
    if array.dtype != object:
        return [int(array.size) // max(rows, 1)] * rows
    if array.ndim < 2:
        return [_pieces(text) for text in array.ravel().tolist()]
    return [sum(map(_pieces, row)) for row in array.reshape(rows, -1).tolist()]


def _pieces(text: bytes) -> int:
    """Returns how many pieces a text may have: one for each character, three for a Korean syllable."""
    more = len(text) - LONGEST * MOST_BYTES_OF_A_CHARACTER
    if more > 0:
        return LONGEST + more // BYTES_FOR_A_TOKEN
    pieces = len(text) + 2  # two for its beginning and its end
    if not text.isascii():
        pieces = len(text.decode("utf-8", "replace")) + 2 + 2 * sum(map(text.count, HANGUL))
    return min(pieces, LONGEST)
