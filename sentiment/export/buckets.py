"""The lengths and batch sizes that a served graph computes. Pure.

A row is padded to the next of a few lengths, its bucket, and shares a batch only with rows of the same bucket: a short
post never waits for the columns of a long one, and few shapes are ever computed, so that all of them can be warmed up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sentiment.model_server.work import LARGEST_BATCH, TURN

LENGTHS = (16, 32, 64, 128, 256)  # in pieces; longer ones only if the model accepts them
SIZES = tuple(1 << power for power in range(LARGEST_BATCH.bit_length()))  # rows: a batch is filled up to one of these


@dataclass(frozen=True)
class Bucket:
    """Rows of up to `length` pieces, computed `sizes[-1]` at a time at most."""

    length: int
    sizes: tuple[int, ...]

    @property
    def of_every_size(self) -> Bucket:
        """The same for a graph that computes nothing of empty places: there a row that fills a batch up only costs."""
        return replace(self, sizes=tuple(range(1, self.sizes[-1] + 1)))


def lengths_for(max_seq_length: int, lengths: Sequence[int] = LENGTHS) -> list[int]:
    """Returns the lengths that a model is asked for: those that fit, and the longest that it was trained with."""
    return [*(length for length in lengths if length < max_seq_length), max_seq_length]


def buckets_for(max_seq_length: int, longest: int) -> list[Bucket]:
    """Returns the buckets of a model that was trained with `max_seq_length` and has `longest` positions, in order.

    Ids may be longer than what it was trained with, up to its positions; texts are cut before.
    """
    lengths = sorted({*lengths_for(max_seq_length), *lengths_for(longest)})
    return [Bucket(length, sizes_for(length)) for length in lengths]


def sizes_for(length: int) -> tuple[int, ...]:
    """Returns the batch sizes that are computed for rows of `length` pieces: whoever is in a batch waits for it all."""
    return tuple(size for size in SIZES if size == 1 or size * length <= TURN)
