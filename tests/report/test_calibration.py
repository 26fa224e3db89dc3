from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.results import in_json

from sentiment.report import calibration as module
from sentiment.report.calibration import BINS

calibration = in_json(module.calibration)
ANSWERS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80)


def calibrated(rows: list[tuple[float, bool]]) -> Any:
    return calibration(np.array([row[0] for row in rows]), np.array([row[1] for row in rows]))


@given(ANSWERS)
def test_every_row_is_in_one_bin_and_the_error_is_a_share(rows: list[tuple[float, bool]]) -> None:
    found = calibrated(rows)
    bins = found["bins"]
    assert isinstance(bins, list)
    assert len(bins) == BINS
    assert sum(item["rows"] for item in bins) == len(rows)
    assert sum(item["correct"] for item in bins) == sum(right for _, right in rows)
    error = found["expected_calibration_error"]
    assert isinstance(error, float)
    assert 0 <= error <= 1
    for item in bins:
        if item["rows"]:
            assert item["from"] - 1e-9 <= item["confidence"] <= item["to"] + 1e-9
            assert item["low"] <= item["accuracy"] <= item["high"]
        else:
            assert item["accuracy"] is item["confidence"] is item["low"] is None


def test_the_error_of_a_known_case() -> None:
    # Sure to 95 % and right in 8 of 10; sure to 65 % and right in 2 of 2.
    found = calibrated([(0.95, True)] * 8 + [(0.95, False)] * 2 + [(0.65, True)] * 2)
    assert found["expected_calibration_error"] == pytest.approx((10 * 0.15 + 2 * 0.35) / 12)
    assert found["mean_confidence"] == pytest.approx(0.9)


def test_certainty_belongs_to_the_last_bin() -> None:
    bins = calibrated([(1.0, True)])["bins"]
    assert isinstance(bins, list)
    assert [item["rows"] for item in bins] == [0] * 9 + [1]


@pytest.mark.parametrize("rows", [50, 400, 3000])
def test_a_model_that_is_right_as_often_as_it_says_exceeds_its_error_by_chance_in_one_of_20_sets(rows: int) -> None:
    draw = np.random.default_rng(rows)
    beyond = 0
    for _ in range(400):
        sure = draw.beta(6, 2, rows)
        error = module.calibration(sure, draw.random(rows) < sure).expected_calibration_error
        beyond += error > module.error_by_chance(sure)
    assert 0.02 < beyond / 400 < 0.09


def test_a_model_s_confidence_is_measured_on_its_answers() -> None:
    given = np.array([[0.9, 0.1, 0.0], [0.1, 0.8, 0.1], [0.2, 0.1, 0.7]], np.float32)
    found = module.confidence_in(given, np.array([0, 1, 1]))
    assert found.mean_confidence == pytest.approx(0.8)
    assert found.expected_calibration_error == pytest.approx((0.1 + 0.2 + 0.7) / 3)


@pytest.mark.parametrize("too_sure", [0.0, 0.15])
def test_the_spread_bounds_how_much_the_error_differs_from_set_to_set(too_sure: float) -> None:
    draw = np.random.default_rng(1)
    errors, spreads = [], []
    for _ in range(200):
        sure = draw.beta(9, 1, 300)
        right = draw.random(300) < sure - too_sure
        errors.append(module.calibration(sure, right).expected_calibration_error)
        spreads.append(module.spread_of(sure, right))
    assert np.std(errors) < np.mean(spreads) * 1.1
    assert np.mean(spreads) < 3 * np.std(errors)
