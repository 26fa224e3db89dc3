"""A server's replies as figures."""

from __future__ import annotations

import pytest
from support.results import in_json

from sentiment.client.answer import Prediction
from sentiment.data.tsv import Post
from sentiment.probe import figures as measuring
from sentiment.probe.asking import Replies, Reply
from sentiment.probe.figures import percentile

figures, worst_examples = in_json(measuring.figures), in_json(measuring.worst_examples)


def said(label_id: int, sure: float = 0.9, seconds: float = 0.01) -> Reply:
    rest = (1 - sure) / 2
    return Reply(seconds, Prediction("x", label_id, tuple(sure if at == label_id else rest for at in range(3))))


LOST = Reply(5.0, error="no answer in time")
POSTS = [Post(f"post {number}", label) for number, label in enumerate([0, 1, 2, 0, 1])]
REPLIES = Replies(
    first={"stable": said(0, seconds=0.2), "canary": LOST},
    of={
        "stable": [said(0), said(1), said(0), said(0), LOST],
        "canary": [said(1, 0.6), said(1), said(2), said(2, 0.8), said(1)],
    },
)


def test_figures() -> None:
    found = figures(POSTS, REPLIES)
    assert found["asked"] == 5
    assert (found["stable"]["answers"], found["stable"]["errors"], found["stable"]["accuracy"]) == (4, 1, 0.75)
    assert (found["canary"]["answers"], found["canary"]["errors"], found["canary"]["accuracy"]) == (5, 0, 0.6)
    assert found["stable"]["error"] == "no answer in time" and found["canary"]["error"] == ""
    assert (found["stable"]["first_ms"], found["canary"]["first_ms"]) == (200.0, None)
    assert found["stable"]["p95_ms"] == 10.0, "the time of a lost answer is no response time"
    assert found["pairs"] == {"rows": 4, "only_stable_right": 2, "only_canary_right": 1, "disagreements": 3}
    low, high = found["stable"]["interval"]
    assert 0.3 < low < 0.75 < high < 0.96


def test_examples_begin_with_what_was_right_before_and_the_surest() -> None:
    examples = worst_examples(POSTS, REPLIES)
    assert [(found["text"], found["confidence"]) for found in examples] == [
        ("post 3", 0.8),
        ("post 0", 0.6),
        ("post 2", 0.9),
    ]
    assert (examples[0]["true"], examples[0]["stable"], examples[0]["canary"]) == (0, 0, 2)


def test_a_server_that_answered_nothing_has_no_figures() -> None:
    found = figures(POSTS, Replies(of={"stable": [LOST] * 5, "canary": [LOST] * 5}))
    for side in ("stable", "canary"):
        assert found[side]["accuracy"] is found[side]["interval"] is found[side]["p99_ms"] is None
        assert found[side]["errors"] == 5
    assert found["pairs"]["rows"] == 0 and worst_examples(POSTS, Replies(of={"stable": [], "canary": []})) == []


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([], 50, None),
        ([7.0], 99, 7.0),
        ([1.0, 2.0], 50, 1.0),
        ([float(n) for n in range(1, 101)], 95, 95.0),
        ([float(n) for n in range(1, 101)], 99, 99.0),
        ([float(n) for n in range(1, 21)], 95, 19.0),
    ],
)
def test_percentiles_are_values_that_were_seen(values: list[float], percent: int, expected: float | None) -> None:
    assert percentile(values, percent) == expected
