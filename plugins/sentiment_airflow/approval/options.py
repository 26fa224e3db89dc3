"""The question about a canary in Airflow's words, and its two answers, in each language.

What is decided, recorded and carried out is APPROVE or REJECT. A question keeps the options that it was asked with, so
an answer may come in another language than the one that SENTIMENT_LANGUAGE names by now.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from sentiment.language import marked, speaking, tr
from sentiment.language.catalogue import LANGUAGES

APPROVE, REJECT = marked("Approve"), marked("Reject")
DECISIONS = (APPROVE, REJECT)
SUBJECT = marked("Make version {version} stable?")


def subject_about(version: object) -> str:
    """Returns the question as a headline, in the language spoken."""
    return tr(SUBJECT, version=version)


def shown_options() -> list[str]:
    """Returns what the two buttons say in the language spoken: Approve first."""
    return [tr(decision) for decision in DECISIONS]


def decision_of(option: str) -> str:
    """Returns the decision that an option of any language means, APPROVE or REJECT; "" when it is no option."""
    return _decisions().get(option, "")


def option_of(decision: str, offered: Iterable[str]) -> str:
    """Returns the one of the offered options that means the decision; "" when none does."""
    return next((option for option in offered if decision and decision_of(option) == decision), "")


@cache
def _decisions() -> dict[str, str]:
    found: dict[str, str] = {}
    for language in LANGUAGES:
        with speaking(language):
            found |= dict(zip(shown_options(), DECISIONS, strict=True))
    return found
