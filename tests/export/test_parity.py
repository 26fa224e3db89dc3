from __future__ import annotations

import numpy as np
import pytest

from sentiment.data.tsv import Post
from sentiment.export.parity import (
    FEWEST_ROWS,
    MOST_ROWS,
    ROUNDED,
    SAME,
    ParityError,
    compare,
    invented_posts,
    is_within,
    require,
    rows_for,
)
from sentiment.results.record import as_json

WANTED = np.tile(np.array([[0.2, 0.7, 0.1]], np.float32), (100, 1))
TURNED = np.array([0.7, 0.2, 0.1], np.float32)


def test_equal_answers_are_equal() -> None:
    parity = compare(WANTED, WANTED.copy())
    assert as_json(parity) == {"rows": 100, "largest_difference": 0.0, "labels_equal": True, "agreement": 1.0}
    assert is_within(parity, SAME)
    assert is_within(parity, ROUNDED)


def test_the_largest_difference_and_the_labels_are_counted() -> None:
    found = WANTED.copy()
    found[:2] = TURNED
    parity = compare(WANTED, found)
    assert parity.largest_difference == pytest.approx(0.5)
    assert (parity.labels_equal, parity.agreement) == (False, 0.98)
    assert is_within(parity, ROUNDED)
    assert not is_within(parity, SAME)
    found[2] = TURNED
    assert not is_within(compare(WANTED, found), ROUNDED)


def test_a_small_difference_in_every_row_is_rounding_and_not_the_same_model() -> None:
    parity = compare(WANTED, WANTED + np.float32(2e-4))
    assert parity.labels_equal
    assert is_within(parity, ROUNDED)
    assert not is_within(parity, SAME)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_never_agrees(value: float) -> None:
    parity = compare(WANTED, np.full_like(WANTED, value))
    assert (parity.largest_difference, parity.agreement) == (np.inf, 0.0)
    assert not is_within(parity, ROUNDED)


def test_the_message_says_what_must_hold_and_what_was_found() -> None:
    with pytest.raises(
        ParityError, match=r"^tflite must give .* in 98% of the rows; found 0.0% and a difference of 0.5"
    ):
        require(compare(WANTED, np.tile(TURNED, (100, 1))), ROUNDED, "tflite")


def test_few_rows_are_filled_up_with_texts_of_the_models_own_characters() -> None:
    pieces = ["[PAD]", "好", "吃", "難"]
    assert len(rows_for([], pieces)) == FEWEST_ROWS
    assert rows_for([Post("好", 0)], pieces)[0] == Post("好", 0)
    assert {character for post in invented_posts(pieces) for character in post.text} == {"好", "吃", "難"}
    assert len(rows_for([Post("好", 0)] * 1000, pieces)) == MOST_ROWS
