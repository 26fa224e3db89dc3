"""The mails about a step that failed, and about an export that must not be served. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from sentiment.mail.approval_body import validation_lines
from sentiment.mail.letter import Mail, letter
from sentiment.mail.repeats import cause_key
from sentiment.results.validation import Validation


class Failure(NamedTuple):
    """A task that failed for good; `cause` is one line and may quote a post."""

    workflow: str
    run: str
    step: str
    tries: int
    cause: str


def failure_mail(failure: Failure, links: Mapping[str, str]) -> Mail:
    """Returns the mail about a step that failed. Links that do not lead to a web page are left out."""
    facts = [
        f"Workflow: {failure.workflow}",
        f"Step: {failure.step}",
        f"Try: {failure.tries}",
        f"Cause: {failure.cause}",
    ]
    mail = letter(
        f"Sentiment: step {failure.step} failed. {failure.cause}",
        f"Step {failure.step} of {failure.workflow} failed: {failure.cause}",
        failure.run,
        {"What failed": facts, "What to do": _to_do(failure)},
        links,
    )
    return replace(mail, cause=cause_key(failure.workflow, failure.step, failure.cause))


def _to_do(failure: Failure) -> list[str]:
    return [
        "Customers notice nothing: the stable model keeps serving. No new post is lost.",
        f"Remove the cause, then clear the task {failure.step} in Airflow: the run continues from there. Every step "
        "can safely run again.",
    ]


def validation_mail(validation: Validation, run: str, links: Mapping[str, str]) -> Mail:
    """Returns the mail about an export that must not be served; `validation` is that step's result.

    Raises: ValueError when the validation passed.
    """
    if validation.passed:
        raise ValueError("there is nothing to mail about: the validation passed")
    sections = {
        "What failed": [check.sentence for check in validation.checks if not check.passed],
        "What was measured": validation_lines(validation)[1:],
        "What happens now": [
            "The candidate was not published: the stable model keeps serving, and the new rows are not lost.",
            "The model passed the gate, but its export failed the validation. Look at the run's validate.json, remove "
            "the cause, then clear the task export in Airflow.",
        ],
    }
    return letter(f"Sentiment: no new model. {validation.sentence}", validation.sentence, run, sections, links)
