from __future__ import annotations

import pytest
from sentiment_airflow.approval.options import APPROVE, DECISIONS, REJECT, decision_of, option_of, shown_options

from sentiment.language import speaking
from sentiment.language.catalogue import LANGUAGES

CHINESE = ["核准", "退回"]


def test_the_buttons_are_said_in_the_language_spoken() -> None:
    assert shown_options() == ["Approve", "Reject"]
    with speaking("zh-TW"):
        assert shown_options() == CHINESE


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_an_option_of_any_language_is_understood_in_any_other(spoken: str) -> None:
    with speaking(spoken):
        assert [decision_of(one) for one in (*DECISIONS, *CHINESE)] == [APPROVE, REJECT, APPROVE, REJECT]


@pytest.mark.parametrize("option", ["", "approve", "yes", "核", "Approve "])
def test_what_is_no_option_is_no_decision(option: str) -> None:
    assert decision_of(option) == ""
    assert option_of(decision_of(option), DECISIONS) == ""


def test_a_question_is_answered_with_the_option_that_it_was_asked_with() -> None:
    assert option_of(REJECT, CHINESE) == "退回"
    assert option_of(APPROVE, DECISIONS) == "Approve"
    assert option_of(APPROVE, ["退回"]) == ""
