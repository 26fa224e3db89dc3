from __future__ import annotations

import numpy as np
import pytest
from support.reports import answers, posts_of
from support.results import in_json

from sentiment.data.tsv import Post
from sentiment.report import baseline as module

baseline, paired = in_json(module.baseline), in_json(module.paired)


def test_it_learns_and_is_compared() -> None:
    test = posts_of(60)
    found = baseline(posts_of(90), test, answers(test))
    assert found["available"]
    assert found["metrics"]["accuracy"] > 0.9
    assert (found["rows"], found["of_rows"], found["metrics"]["support"]) == (90, 90, [20, 20, 20])
    pairs = found["paired"]
    assert sum(pairs[name] for name in ("both_right", "only_model", "only_baseline", "both_wrong")) == 60
    assert pairs["both_right"] + pairs["only_baseline"] == found["metrics"]["correct"]
    assert found["features"] > 50
    assert found["seconds"] < 30


def test_it_answers_alike_each_time() -> None:
    test = posts_of(40)
    first, again = (baseline(posts_of(90), test, answers(test)) for _ in range(2))
    assert first["metrics"] == again["metrics"]


def test_the_pairs_of_mcnemar() -> None:
    model, other = np.array([True, True, True, False, False]), np.array([True, False, False, True, False])
    assert paired(model, other) == {
        "both_right": 1,
        "only_model": 2,
        "only_baseline": 1,
        "both_wrong": 1,
        "p": pytest.approx(1.0),
    }
    assert paired(np.array([True] * 10), np.array([False] * 10))["p"] == pytest.approx(2 / 2**10)


@pytest.mark.parametrize(
    ("train", "test", "reason"),
    [
        ([], [Post("好", 0)], "it needs training rows of at least two labels, but there are rows of 0"),
        (
            [Post("好", 0), Post("讚", 0)],
            [Post("好", 0)],
            "it needs training rows of at least two labels, but there are rows of 1",
        ),
        ([Post("好", 0), Post("爛", 1)], [], "there are no test rows"),
    ],
)
def test_where_it_is_not_to_be_had_it_says_why(train: list[Post], test: list[Post], reason: str) -> None:
    assert baseline(train, test, np.eye(2)[[post.label for post in test]]) == {"available": False, "reason": reason}


def test_two_rows_are_enough_and_a_label_that_it_never_saw_has_no_chance() -> None:
    test = [Post("好", 0), Post("爛", 1), Post("嗎", 2)]
    found = baseline([Post("好", 0), Post("爛", 1)], test, np.eye(3))
    assert found["metrics"]["confusion"][0][0] == found["metrics"]["confusion"][1][1] == 1
    assert found["metrics"]["recall"][2] == 0


def test_of_very_many_rows_a_part_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 60)
    test = posts_of(30)
    found = baseline(posts_of(300), test, answers(test))
    assert (found["rows"], found["of_rows"]) == (60, 300)
    assert found["metrics"]["accuracy"] > 0.8


def test_hostile_texts_are_only_texts() -> None:
    train = [Post(text, number % 2) for number, text in enumerate(["\ud800", "\x00", "😀" * 5000, "‮مرحبا", "a", "b"])]
    assert baseline(train, train, np.full((6, 2), 0.5))["available"]
