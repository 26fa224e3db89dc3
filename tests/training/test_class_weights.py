from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.utils.class_weight import compute_class_weight

from sentiment.errors import InputError
from sentiment.training.class_weights import class_weights, row_weights

EVERY_LABEL = st.lists(st.integers(0, 2), max_size=50).map(lambda rows: np.array([0, 1, 2, *rows], np.int32))


@given(EVERY_LABEL)
def test_balanced_weights_are_those_of_scikit_learn(labels: NDArray[Any]) -> None:
    weights = class_weights("balanced", labels, 3)
    assert weights is not None
    np.testing.assert_allclose(weights, compute_class_weight("balanced", classes=np.arange(3), y=labels), rtol=1e-6)
    assert row_weights(labels, weights).sum() == pytest.approx(1, rel=1e-5)
    by_class = np.bincount(labels, row_weights(labels, weights))
    np.testing.assert_allclose(by_class, 1 / 3, rtol=1e-5)


def test_without_them_every_row_weighs_the_same() -> None:
    labels = np.array([0, 0, 1, 2], np.int32)
    assert class_weights("none", labels, 3) is None
    np.testing.assert_array_equal(row_weights(labels, None), [0.25] * 4)


def test_a_missing_class_cannot_be_balanced() -> None:
    with pytest.raises(InputError, match=r"rows of every label; found \[2, 0, 1\] rows by label"):
        class_weights("balanced", np.array([0, 0, 2], np.int32), 3)
