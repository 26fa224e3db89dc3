"""What each row weighs in the loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sentiment.errors import InputError
from sentiment.model.batches import Ints

Floats = NDArray[np.float32]


def class_weights(kind: str, labels: Ints, classes: int) -> Floats | None:
    """Returns float32 [classes], rows / (classes · rows of the class), whose mean by row is 1. For `none`: None.

    The formula is scikit-learn's `compute_class_weight`. InputError: a class without rows cannot be balanced.
    """
    if kind == "none":
        return None
    counts = np.bincount(labels, minlength=classes)
    if not counts.all():
        raise InputError(
            "--class-weights balanced needs training rows of every label",
            found=f"{counts.tolist()} rows by label",
            do="Add rows of the missing label, or leave the option out.",
        )
    return (len(labels) / (classes * counts)).astype(np.float32)


def row_weights(labels: Ints, weights: Floats | None) -> Floats:
    """Returns float32 [B]: the share of each row in the loss of its batch, which is their weighted sum.

    Without class weights it is the mean. With them the sum is still divided by the number of rows, as Keras does.
    """
    each = np.full(len(labels), 1 / len(labels), np.float32)
    return each if weights is None else each * weights[labels]
