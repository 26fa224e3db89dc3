"""Which shapes of batches XLA compiles: those whose batches save more time than compiling the shape takes. Pure.

For each shape, [rows, pieces], one layer is compiled, which stands for all of them. The constants were measured on a
Xeon with AMX, with 4 layers of width 312, in processor seconds. Where a processor does not multiply bfloat16 itself,
nothing is gained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentiment.model.arithmetic import BFLOAT16, FLOAT32
from sentiment.model.batches import Ints, plan, width

Shape = tuple[int, int]  # rows, pieces


@dataclass(frozen=True)
class Prices:
    """What compiling a shape takes, in seconds, and what it saves.

    That is in seconds for each 10⁹ operations of the forward pass, also where the backward pass is compiled with it.
    """

    shape: float
    saved: float


TRAINING = {BFLOAT16: Prices(shape=1.0, saved=0.013), FLOAT32: Prices(shape=1.0, saved=0.0)}
ANSWERING = {BFLOAT16: Prices(shape=0.3, saved=0.0055), FLOAT32: Prices(shape=0.3, saved=0.0)}


def shape_of(lengths: Ints, rows: NDArray[np.int64], max_seq_length: int) -> Shape:
    """Returns the shape to which a batch of these rows is padded."""
    return len(rows), width(int(lengths[rows].max()), max_seq_length)


def shapes(lengths: Ints, batch_size: int, max_seq_length: int) -> Counter[Shape]:
    """Returns how many batches of each shape one pass has, in whatever order its rows come."""
    return Counter(shape_of(lengths, rows, max_seq_length) for rows in plan(lengths, batch_size))


def worth(counted: Mapping[Shape, int], settings: Mapping[str, Any], prices: Prices, cores: int) -> frozenset[Shape]:
    """Returns the shapes to compile, of those with so many batches; `settings` are a BERT's, as in its config.json."""
    saved = prices.saved / 1e9 / cores
    return frozenset(
        shape for shape, batches in counted.items() if saved * batches * operations(shape, settings) > prices.shape
    )


def operations(shape: Shape, settings: Mapping[str, Any]) -> int:
    """Returns the additions and multiplications of a forward pass over a batch, in its products of matrices.

    A product of [a, b] and [b, c] takes 2abc. Of each layer: queries, keys, values and output, the two of the
    feed-forward, scores and the means of the values.
    """
    (rows, pieces), size = shape, settings["hidden_size"]
    products = 4 * size * size + 2 * size * settings["intermediate_size"] + 2 * pieces * size
    return int(2 * rows * pieces * settings["num_hidden_layers"] * products)
