from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as theirs

from sentiment.model.metrics import classification_report, measure

ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60)


def one_hot(predicted: list[int]) -> NDArray[Any]:
    return np.eye(3)[predicted]


@given(ROWS)
def test_figures_are_those_of_scikit_learn(rows: list[tuple[int, int]]) -> None:
    true, predicted = [row[0] for row in rows], [row[1] for row in rows]
    ours = measure(true, one_hot(predicted))
    precision, recall, f1, support = theirs.precision_recall_fscore_support(
        true, predicted, labels=[0, 1, 2], zero_division=0.0
    )
    for mine, sklearns in ((ours.precision, precision), (ours.recall, recall), (ours.f1, f1), (ours.support, support)):
        assert mine == pytest.approx(sklearns.tolist())
    assert ours.confusion == theirs.confusion_matrix(true, predicted, labels=[0, 1, 2]).tolist()
    assert ours.accuracy == pytest.approx(theirs.accuracy_score(true, predicted))
    assert ours.correct == sum(a == b for a, b in rows)


@given(ROWS)
@example([(0, 0)] * 6 + [(0, 1)] * 4 + [(1, 0)] * 2 + [(1, 1)])  # a weighted average in the middle of two roundings
def test_the_table_is_that_of_scikit_learn(rows: list[tuple[int, int]]) -> None:
    true, predicted = [row[0] for row in rows] + [0, 1, 2], [row[1] for row in rows] + [0, 1, 2]
    wanted = theirs.classification_report(true, predicted, digits=4, zero_division=0.0)
    assert classification_report(measure(true, one_hot(predicted)), ["0", "1", "2"]) == wanted


def test_loss_is_the_cross_entropy() -> None:
    probabilities = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]]
    assert measure([0, 2], probabilities).loss == pytest.approx(-(np.log(0.7) + np.log(0.1)) / 2)


def test_a_certain_mistake_has_a_finite_loss() -> None:
    assert measure([1], [[1.0, 0.0, 0.0]]).loss == pytest.approx(-np.log(1e-7))
