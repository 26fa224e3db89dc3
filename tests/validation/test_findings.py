from __future__ import annotations

import numpy as np
import pytest

from sentiment.export.parity import ROUNDED
from sentiment.results.validation import ExportCheck
from sentiment.validation import findings
from sentiment.validation.findings import limited, verdict

WANTED = np.tile(np.array([[0.2, 0.7, 0.1]], np.float32), (300, 1))
TEXTS = [f"第{row}篇\n貼文".encode() for row in range(300)]


def test_answers_that_differ_are_counted_and_the_first_is_quoted() -> None:
    found = WANTED.copy()
    found[7:19] = [0.51, 0.39, 0.1]
    check = findings.same_as_trained("text", WANTED, found, TEXTS)
    assert check.sentence == (
        "text: probabilities differ by 0.31 from the trained model's in 12 of 300 posts, first: 「第7篇 貼文」"
    )
    assert not check.passed and check.value == pytest.approx(0.31, abs=1e-3)


def test_equal_answers_pass_and_rounded_ones_by_the_share_of_equal_labels() -> None:
    assert findings.same_as_trained("text", WANTED, WANTED + np.float32(5e-5), TEXTS).passed
    assert not findings.same_as_trained("text", WANTED, WANTED + np.float32(5e-4), TEXTS).passed
    found = WANTED + np.float32(0.02)
    assert findings.same_as_trained("text", WANTED, found, TEXTS, ROUNDED).passed
    found[:6] = [0.9, 0.0, 0.1]
    assert findings.same_as_trained("text", WANTED, found, TEXTS, ROUNDED).passed
    found[6] = [0.9, 0.0, 0.1]
    assert not findings.same_as_trained("text", WANTED, found, TEXTS, ROUNDED).passed


def test_answers_of_another_shape_or_without_numbers_never_pass() -> None:
    assert (
        "must answer (300, 3); found (300, 2)" in findings.same_as_trained("text", WANTED, WANTED[:, :2], []).sentence
    )
    found = WANTED.copy()
    found[4, 0] = np.nan
    check = findings.same_as_trained("serving_default", WANTED, found, TEXTS)
    assert (check.passed, check.value) == (False, float("inf"))
    assert "differ by inf from the trained model's in 1 of 300 posts, first: 「第4篇 貼文」" in check.sentence


@pytest.mark.parametrize(
    ("row", "passed"),
    [([0.2, 0.7, 0.1], True), ([0.2, 0.7, 0.2], False), ([-0.1, 1.0, 0.1], False), ([np.nan, 0.5, 0.5], False)],
)
def test_a_row_must_be_probabilities(row: list[float], passed: bool) -> None:
    assert findings.probabilities(np.array([row], np.float32)).passed is passed


def test_label_and_id_must_be_the_largest_probabilitys_under_the_models_names() -> None:
    names = ["正面", "負面", "中立"]
    ids = np.array([1] * 300)
    assert findings.label_names(["負面"] * 300, ids, WANTED, names).passed
    turned = findings.label_names(["中立"] * 300, ids, WANTED, names)
    assert (turned.passed, turned.sentence) == (False, "label 1 must be called 負面; it answers 中立")
    ids[5] = 2
    wrong = findings.label_names(["負面"] * 300, ids, WANTED, names)
    assert wrong.sentence == "label_id must belong to the largest probability; found 2 instead of 1"


def test_a_quoted_post_is_one_short_line() -> None:
    assert findings.quoted("一\n二\t\0三".encode()) == "一 二 三"
    assert findings.quoted("長".encode() * 100) == "長" * 24 + "…"
    assert findings.quoted(b"\xff") == "\ufffd"


def test_the_verdict_names_everything_that_failed() -> None:
    good = ExportCheck("memory", True, 5.0, None, "the server took 5 MB")
    bad = [ExportCheck("a", False, None, None, "it does not load."), ExportCheck("b", False, 1.0, 0.5, "it is slow")]
    assert verdict([good]) == "It may be served: the server took 5 MB."
    assert verdict([good, *bad]) == "It must not be served: it does not load; it is slow."


TOOK = "it took {value:.0f} MB{aside}"


def test_a_limit_is_named_where_there_is_one() -> None:
    assert limited("memory", 7.0, None, TOOK) == ExportCheck("memory", True, 7.0, None, "it took 7 MB")
    assert limited("memory", 7.0, 7.0, TOOK).passed
    assert limited("memory", 7.0, 6.5, TOOK) == ExportCheck("memory", False, 7.0, 6.5, "it took 7 MB (at most 6.5)")
