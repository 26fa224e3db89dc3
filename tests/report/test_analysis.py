from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.results import in_json

from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.report import analysis
from sentiment.report.analysis import LONGEST_TEXT, MISTAKES_SHOWN, macro_f1

analyse = in_json(analysis.analyse)
NAMES = ("正面", "負面", "中立", "憤怒", "悲傷")


@given(
    st.integers(2, 5).flatmap(
        lambda labels: st.lists(
            st.tuples(st.integers(0, labels - 1), st.lists(st.floats(0, 1), min_size=labels, max_size=labels)),
            min_size=1,
            max_size=40,
        )
    )
)
def test_the_counts_of_any_label_set_agree(rows: list[tuple[int, list[float]]]) -> None:
    labels = len(rows[0][1])
    posts = [Post(f"第{number}篇", label) for number, (label, _) in enumerate(rows)]
    found = analyse(posts, [given for _, given in rows], NAMES[:labels])
    metrics = found["metrics"]
    assert found["rows"] == sum(metrics["support"]) == sum(map(sum, metrics["confusion"])) == len(rows)
    assert found["mistakes_total"] == len(rows) - metrics["correct"]
    assert len(found["mistakes"]) == min(MISTAKES_SHOWN, found["mistakes_total"])
    assert found["interval"][0] <= metrics["accuracy"] <= found["interval"][1]
    assert 0 <= found["macro_f1"] <= 1
    assert json.loads(json.dumps(found, allow_nan=False))["labels"] == list(NAMES[:labels])


def test_mistakes_come_with_the_surest_first() -> None:
    posts = [Post(f"第{number}篇", 0, "標題", "ptt") for number in range(30)]
    given = [[0.3 - number / 100, 0.7 + number / 100, 0.0] for number in range(29)] + [[1.0, 0.0, 0.0]]
    found = analyse(posts, given, NAMES[:3])
    assert found["mistakes"][0] == {
        "row": 29,
        "text": "第28篇",
        "title": "標題",
        "source": "ptt",
        "true": 0,
        "predicted": 1,
        "confidence": pytest.approx(0.98),
    }
    sure = [item["confidence"] for item in found["mistakes"]]
    assert (sure, len(sure), found["mistakes_total"]) == (sorted(sure, reverse=True), 20, 29)


def test_one_row_that_is_right() -> None:
    found = analyse([Post("好", 1)], [[0.1, 0.9]], NAMES[:2])
    assert (found["metrics"]["accuracy"], found["mistakes"], found["macro_f1"]) == (1.0, [], 1.0)
    assert found["interval"][0] > 0.2


def test_a_long_post_is_cut_and_a_broken_one_is_mended() -> None:
    posts = [Post("長" * 5000, 0), Post("a\x00b\ud800c\u202ed\n\u2028e", 0)]
    texts = [item["text"] for item in analyse(posts, [[0.1, 0.9]] * 2, NAMES[:2])["mistakes"]]
    assert (len(texts[0]), texts[0][-1]) == (LONGEST_TEXT, "…")
    assert texts[1] == "a b cd e"


def test_a_probability_a_little_over_one_is_no_accident() -> None:
    found = analyse([Post("好", 0)], np.array([[1.0000001, 0.0]], np.float32), NAMES[:2])
    assert found["calibration"]["mean_confidence"] == 1.0


def test_probabilities_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="NaN or infinity for 1 of 2 posts"):
        analyse([Post("好", 0), Post("爛", 1)], [[np.nan, 0.5], [0.5, 0.5]], NAMES[:2])


@pytest.mark.parametrize("given", [np.zeros((0, 3)), np.zeros((2, 3)), np.zeros((1, 2))])
def test_other_shapes_are_a_mistake_in_the_program(given: NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="1 posts and 3 labels"):
        analyse([Post("好", 0)], given, NAMES[:3])


def test_a_label_without_rows_does_not_count_in_the_mean() -> None:
    assert macro_f1([1.0, 0.5, 0.0], [3, 2, 0]) == 0.75
