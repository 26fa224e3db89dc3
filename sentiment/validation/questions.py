"""The questions to a version: real posts, in the batches and lengths that are served."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentiment.client.answer import IDS, TEXT, TITLED
from sentiment.data.tsv import Post
from sentiment.export.buckets import SIZES, lengths_for, sizes_for
from sentiment.export.parity import Reference, rows_for, text_of_length
from sentiment.model.batches import Encoded, Ints, padded
from sentiment.model.folder import OpenedModel
from sentiment.serving.flags import BATCHING, value_of

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Shape:
    """A request of `batch` posts, the longest of `length` pieces, to one signature."""

    signature: str
    batch: int
    length: int


def served_batches(flags: Sequence[str]) -> tuple[int, ...]:
    """Returns the batch sizes that are computed, in order: the export's, or those of the server's own batching."""
    from sentiment.model_server.parameter_files import read_batching

    file = value_of(flags, BATCHING)
    batching = value_of(flags, "enable_batching") == "true" and file
    return (read_batching(Path(file)).computed_sizes if batching and file else ()) or SIZES


def posts_to_ask(posts: Sequence[Post], opened: OpenedModel) -> list[Post]:
    """Returns real posts of every length, and behind them an invented one that fills each served length exactly."""
    lengths = lengths_for(opened.card.max_seq_length)
    rows = rows_for(posts, opened.pieces, titled=opened.card.titles is True)
    return [*rows, *(text_of_length(opened.pieces, length) for length in lengths)]


class Questions:
    """The rows of a `Reference` as requests."""

    def __init__(self, reference: Reference, batches: Sequence[int]) -> None:
        self._reference, self._batches = reference, tuple(batches)
        self._lengths = lengths_for(reference.max_seq_length)
        self.signatures = (IDS, TEXT, TITLED) if reference.reads_titles else (IDS, TEXT)

    def shapes(self) -> list[Shape]:
        """Returns every served combination of signature, batch size and length; more rows are computed in parts."""
        return [
            Shape(signature, batch, length)
            for signature in self.signatures
            for batch in self._batches
            for length in self._lengths
            if batch <= sizes_for(length)[-1]
        ]

    def inputs(self, shape: Shape) -> dict[str, Any]:
        """Returns the inputs of a request of that shape: posts of that length, the longest first."""
        lengths = self._encoded(shape.signature).lengths
        shorter = max((length for length in self._lengths if length < shape.length), default=0)
        rows = np.flatnonzero((lengths > shorter) & (lengths <= shape.length))
        rows = rows[np.argsort(-lengths[rows], kind="stable")]
        return self.inputs_of(shape.signature, np.resize(rows, shape.batch), shape.length)

    def invented_inputs(self, shape: Shape) -> dict[str, Any]:
        """Returns the inputs of a request of that shape with what `posts_to_ask` invented for it: nobody's post."""
        row = len(self._reference.texts) - len(self._lengths) + self._lengths.index(shape.length)
        return self.inputs_of(shape.signature, np.full(shape.batch, row), shape.length)

    def inputs_of(self, signature: str, rows: Rows, width: int = 0) -> dict[str, Any]:
        """Returns the inputs for these rows; ids are padded to `width` where that is longer."""
        if signature in (TEXT, TITLED):
            texts = {"text": [self._reference.texts[row] for row in rows]}
            titles = {"title": [self._reference.titles[row] for row in rows]}
            return texts if signature == TEXT else titles | texts
        ids = padded(self._reference.encoded, rows, self._reference.max_seq_length)
        return {name: _widened(value, width) for name, value in ids.items()}

    def batches(self, signature: str) -> Iterator[Rows]:
        """Yields all rows once, rows of similar length together, in batches of every served size."""
        rows = np.argsort(self._encoded(signature).lengths, kind="stable")
        start = number = 0
        while start < len(rows):
            size = self._batches[number % len(self._batches)]
            yield rows[start : start + size]
            start, number = start + size, number + 1

    def _encoded(self, signature: str) -> Encoded:
        return self._reference.encoded_texts if signature == TEXT else self._reference.encoded


def _widened(array: Ints, width: int) -> Ints:
    return array if array.shape[1] >= width else np.pad(array, ((0, 0), (0, width - array.shape[1])))
