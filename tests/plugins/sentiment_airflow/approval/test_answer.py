"""What counts as a reason: text that can be read, whatever Airflow's API takes for one."""

from __future__ import annotations

from typing import Any

import pytest
from sentiment_airflow.approval.operator import read_answer

from sentiment.options.gate import LONGEST_REASON


def deep(depth: int) -> Any:
    found: Any = []
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("  worse on 電影  ", "worse on 電影"),
        ("x" * 10_000, "x" * LONGEST_REASON),
        ("\u200b \ufffd", ""),
        (deep(5_000), ""),
        ({"a": 1}, ""),
        (17, ""),
        (True, ""),
        (None, ""),
    ],
)
def test_only_text_is_a_reason(given: Any, reason: str) -> None:
    event = {"responded_by_user": {"id": "1", "name": "ann"}, "params_input": {"reason": given}}
    answer = read_answer(event)
    assert (answer.who, answer.reason) == ("ann", reason)
