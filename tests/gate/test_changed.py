"""How many answers a candidate would change is said of every candidate; a student changes many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import UNSET, structs
from support.english_left import english_left

from sentiment.gate.changed import told_changed
from sentiment.gate.evidence import AGAIN, NAME
from sentiment.language import speaking
from sentiment.results.evaluation import Evaluation, TestSet
from sentiment.results.record import decoded


@pytest.fixture
def found(evaluation: Callable[..., Any]) -> Evaluation:
    read = decoded(evaluation([320, 320, 320], [330, 330, 330], 10), Evaluation, NAME, AGAIN)
    return structs.replace(read, stable_version=2)


def with_changed(found: Evaluation, frozen: Any, rolling: Any = UNSET) -> Evaluation:
    recent: TestSet = structs.replace(found.sets.frozen, rows=1200, changed=rolling)
    first = structs.replace(found.sets.frozen, changed=frozen)
    return structs.replace(found, sets=structs.replace(found.sets, frozen=first, rolling=recent))


def test_it_is_said_of_each_set(found: Evaluation) -> None:
    frozen, rolling = told_changed(with_changed(found, 141, 0))
    assert frozen == "Of 1,200 rows of the frozen test set, the candidate answers 141 otherwise than version 2."
    assert rolling == "Of 1,200 rows of the rolling test set, the candidate answers 0 otherwise than version 2."
    with speaking("zh-TW"):
        assert not any(map(english_left, told_changed(with_changed(found, 141, 7))))


def test_an_evaluation_that_did_not_count_says_nothing(found: Evaluation) -> None:
    assert told_changed(with_changed(found, UNSET)) == []
    assert told_changed(structs.replace(found, stable_version=None)) == []
