"""The weight of each row in the loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sentiment.errors import InputError
from sentiment.model.batches import Ints

Floats = NDArray[np.float32]


def class_weights(kind: str, labels: Ints, classes: int) -> Floats | None:
    """Returns float32 [classes], rows / (classes · rows of the class), whose mean over the rows is 1; None for `none`.

    The formula is that of scikit-learn's `compute_class_weight`. Raises: InputError when a class has no rows.
    """
    if kind == "none":
        return None
    counts = np.bincount(labels, minlength=classes)
    if not counts.all():
        raise InputError(
            "--class-weights balanced must have training rows of every label",
            found=f"{counts.tolist()} rows by label",
            do="Add rows of the missing label, or leave out --class-weights.",
        )
    return (len(labels) / (classes * counts)).astype(np.float32)


def row_weights(labels: Ints, weights: Floats | None) -> Floats:
    """Returns float32 [B]: the weight of each row in the loss of its batch, which is the weighted sum.

    Without class weights, that is the mean. With them, the sum is still divided by the number of rows, as in Keras.
    """
    each = np.full(len(labels), 1 / len(labels), np.float32)
    return each if weights is None else each * weights[labels]
