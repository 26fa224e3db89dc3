"""Fills a part up to one of few shapes: XLA compiles each shape once, which takes seconds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentiment.pretraining.masking import Hidden

ASKED_AT_ONCE = 256  # the number of places is a multiple of it
NONE = -1

Ints = NDArray[np.int32]


class Filled(NamedTuple):
    """`ids`, `there` [rows, pieces], `places` (row · pieces + column) and `answers` [N], NONE beyond the `asked`."""

    ids: Ints
    there: Ints
    places: Ints
    answers: Ints
    asked: int


def filled(hidden: Hidden, there: NDArray[np.bool_], rows: int) -> Filled:
    """Returns a batch with empty rows and places added, up to so many rows."""
    asked, more = len(hidden.answers), -len(hidden.answers) % ASKED_AT_ONCE
    empty = ((0, rows - len(hidden.ids)), (0, 0))
    places = hidden.places[:, 0] * hidden.ids.shape[1] + hidden.places[:, 1]
    return Filled(
        np.pad(hidden.ids, empty),
        np.pad(there.astype(np.int32), empty),
        np.pad(places.astype(np.int32), (0, more)),
        np.pad(hidden.answers, (0, more), constant_values=NONE),
        asked,
    )
