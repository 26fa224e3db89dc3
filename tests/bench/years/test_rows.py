"""Counts of answers, against the answers themselves: each row of three models, counted one by one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from sentiment.bench.years import rows
from sentiment.bench.years.policies import Mask
from sentiment.bench.years.rows import Array, Counts

REFERENCE, STABLE, CANDIDATE = range(3)


@pytest.fixture
def answers() -> Mask:
    """Whether each of three models is right, on 500 rows."""
    return np.asarray(np.random.default_rng(1).random((500, 3)) < 0.7)


def cells_of(answers: Mask) -> Array:
    found = answers[:, REFERENCE] * 2 + answers[:, STABLE]
    return np.bincount(found, minlength=rows.CELLS)[None].astype(float)


def changed_of(answers: Mask) -> Array:
    return cells_of(answers[answers[:, STABLE] != answers[:, CANDIDATE]])


def alone(answers: Mask, model: int, other: int) -> int:
    return int((answers[:, model] & ~answers[:, other]).sum())


@pytest.mark.parametrize(("other", "count"), [(STABLE, rows.against_stable), (REFERENCE, rows.against_reference)])
def test_two_models_are_compared_as_row_by_row(
    answers: Mask, other: int, count: Callable[[Array, Array], Counts]
) -> None:
    found = count(cells_of(answers), changed_of(answers))
    assert found.only_candidate == alone(answers, CANDIDATE, other)
    assert found.only_other == alone(answers, other, CANDIDATE)
    assert found.rows == 500


def test_a_promoted_candidate_is_the_stable_model(answers: Mask) -> None:
    promoted = answers[:, [REFERENCE, CANDIDATE]]
    assert (rows.after_promotion(cells_of(answers), changed_of(answers)) == cells_of(promoted)).all()


def test_a_pinned_model_is_the_reference(answers: Mask) -> None:
    assert (rows.pinned(cells_of(answers)) == cells_of(answers[:, [STABLE, STABLE]])).all()


@pytest.mark.parametrize(("accuracy", "gain"), list(product([0.6, 0.85, 0.95], [-0.05, -0.004, 0.0, 0.01])))
def test_a_candidate_has_the_accuracy_that_was_asked_for(accuracy: float, gain: float) -> None:
    shares = np.array([1 - accuracy, 0.0, 0.0, accuracy])
    changed = shares * rows.chances(np.array([accuracy]), np.array([gain]), discordance=0.03)[0]
    assert rows.after_promotion(shares, changed)[[1, 3]].sum() == pytest.approx(accuracy + gain)
    assert changed.sum() == pytest.approx(max(0.03, abs(gain) + 0.01))


def test_a_population_that_moves_on_costs_each_model_the_same_share() -> None:
    shares = np.array([0.05, 0.1, 0.15, 0.7])
    moved = rows.faded(shares, 0.01)
    assert moved.sum() == pytest.approx(1)
    assert moved[[1, 3]].sum() == pytest.approx(0.8 * 0.99)
    assert moved[[2, 3]].sum() == pytest.approx(0.85 * 0.99)
