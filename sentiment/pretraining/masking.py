"""What is hidden of a batch: whole words, most behind [MASK], some behind another piece, some only asked for.

As in BERT (Devlin et al. 2018, 3.1): 80 %, 10 % and 10 %. A word is hidden whole or not at all (whole-word masking).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]
BEHIND_MASK, BEHIND_ANOTHER = 0.8, 0.1


class Hidden(NamedTuple):
    """`ids` [B, L] with words hidden; `places` [N, 2] are the rows and columns of what is asked for, `answers` [N]."""

    ids: Ints
    places: Ints
    answers: Ints


def hide(
    ids: Ints, begins: Bools, share: float, draw: np.random.Generator, *, mask: int, special: Ints, pieces: int
) -> Hidden:
    """Returns the batch with a share of its words hidden, at least one; no special piece or padding ever is.

    `begins` [B, L] tells where a word begins. Another piece is drawn from the `pieces` of the vocabulary.
    """
    can_be = ~np.isin(ids, special)
    word: NDArray[np.int64] = np.cumsum(begins, axis=1, dtype=np.int64)
    lot = draw.random((len(ids), int(word.max(initial=0)) + 1))
    asked = can_be & (np.take_along_axis(lot, word, axis=1) < share)
    if not asked.any():
        row, column = np.argwhere(can_be)[draw.integers(can_be.sum())]
        asked[row] = can_be[row] & (word[row] == word[row, column])
    how = draw.random(ids.shape)
    others = draw.integers(0, pieces, ids.shape, dtype=np.int32)
    hidden = np.where(asked & (how < BEHIND_MASK), np.int32(mask), ids)
    behind_another = asked & (how >= BEHIND_MASK) & (how < BEHIND_MASK + BEHIND_ANOTHER)
    hidden = np.where(behind_another, others, hidden)
    return Hidden(hidden.astype(np.int32), np.argwhere(asked).astype(np.int32), ids[asked])
