"""The mails about a step that failed, and about an export that must not be served. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from sentiment.language import marked, recorded, tr
from sentiment.mail.approval_body import validation_lines
from sentiment.mail.letter import Mail, letter
from sentiment.mail.repeats import cause_key
from sentiment.mail.subjects import NO_NEW_MODEL
from sentiment.results.validation import Validation

NO_CAUSE = marked("no cause was given")


class Failure(NamedTuple):
    """A task that failed for good; `cause` is one line, in English, and may quote a post."""

    workflow: str
    run: str
    step: str
    tries: int
    cause: str


def failure_mail(failure: Failure, links: Mapping[str, str]) -> Mail:
    """Returns the mail about a step that failed. Links that do not lead to a web page are left out."""
    step, workflow = failure.step, failure.workflow
    cause = tr(NO_CAUSE) if failure.cause == NO_CAUSE else failure.cause  # an error's own words stay as they are
    facts = [
        tr("Workflow: {workflow}", workflow=workflow),
        tr("Step: {step}", step=step),
        tr("Try: {tries}", tries=failure.tries),
        tr("Cause: {cause}", cause=cause),
    ]
    mail = letter(
        tr("Sentiment: step {step} failed. {cause}", step=step, cause=cause),
        tr("Step {step} of {workflow} failed: {cause}", step=step, workflow=workflow, cause=cause),
        failure.run,
        {tr("What failed"): facts, tr("What to do"): _to_do(failure)},
        links,
    )
    # Not of what is said: whoever changes the language is not told the same again.
    return replace(mail, cause=cause_key(failure.workflow, failure.step, failure.cause))


def _to_do(failure: Failure) -> list[str]:
    return [
        tr("Customers notice nothing: the stable model keeps serving. No new post is lost."),
        tr(
            "Remove the cause, then clear the task {step} in Airflow: the run continues from there. Every step can "
            "safely run again.",
            step=failure.step,
        ),
    ]


def validation_mail(validation: Validation, run: str, links: Mapping[str, str]) -> Mail:
    """Returns the mail about an export that must not be served; `validation` is that step's result.

    Raises: ValueError when the validation passed.
    """
    if validation.passed:
        raise ValueError("there is nothing to mail about: the validation passed")
    sections = {
        tr("What failed"): [recorded(check.sentence) for check in validation.checks if not check.passed],
        tr("What was measured"): validation_lines(validation)[1:],
        tr("What happens now"): [
            tr("The candidate was not published: the stable model keeps serving, and the new rows are not lost."),
            tr(
                "The model passed the gate, but its export failed the validation. Look at the run's validate.json, "
                "remove the cause, then clear the task export in Airflow."
            ),
        ],
    }
    lead = recorded(validation.sentence)
    return letter(tr(NO_NEW_MODEL, lead=lead), lead, run, sections, links)
