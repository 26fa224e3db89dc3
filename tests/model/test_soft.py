"""What a student is to answer: softened, weighed, and how far its answers are from it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.model.soft import cross_entropy, soft_rows, softened

ANSWERS = np.array([[0.7, 0.2, 0.1], [0.05, 0.05, 0.9]], np.float32)


def rows_of_probabilities() -> st.SearchStrategy[list[list[float]]]:
    row = st.lists(st.floats(0.001, 1), min_size=3, max_size=3).map(lambda row: [part / sum(row) for part in row])
    return st.lists(row, min_size=1, max_size=5)


@given(rows_of_probabilities(), st.floats(1, 20))
def test_softening_keeps_the_order_of_the_labels_and_evens_them_out(
    rows: list[list[float]], temperature: float
) -> None:
    before, after = np.array(rows), softened(rows, temperature)
    assert np.allclose(after.sum(axis=1), 1, atol=1e-5)
    assert (after.max(axis=1) <= before.max(axis=1) + 1e-5).all()
    first, second = (np.take_along_axis(one, before.argsort(axis=1), axis=1) for one in (after, before))
    assert (np.diff(first, axis=1) >= -1e-6).all() and (np.diff(second, axis=1) >= 0).all()


def test_at_temperature_one_nothing_is_softened_and_zero_stays_a_number() -> None:
    assert np.allclose(softened(ANSWERS, 1), ANSWERS, atol=1e-6)
    assert np.isfinite(softened([[1.0, 0.0, 0.0]], 2)).all()


def test_people_have_one_answer_and_the_teacher_has_all_of_them() -> None:
    soft = soft_rows([2], 3.0, ANSWERS, 2.0)
    assert soft.targets[0].tolist() == [0, 0, 1] and np.allclose(soft.targets[1:], softened(ANSWERS, 2.0))
    assert soft.temperatures.tolist() == [1, 2, 2] and soft.weights.tolist() == [3, 4, 4]
    assert soft.only([2, 0]).weights.tolist() == [4, 3]


def test_the_loss_is_least_for_a_student_that_answers_like_its_teacher() -> None:
    soft = soft_rows(np.zeros(0, int), 1.0, ANSWERS, 2.0)
    least = cross_entropy(soft, ANSWERS)
    assert all(cross_entropy(soft, other) > least for other in (softened(ANSWERS, 3), ANSWERS[::-1]))
    entropy = -(soft.targets * np.log(soft.targets)).sum(axis=1).mean()
    assert least == pytest.approx(4 * entropy, rel=1e-5)
