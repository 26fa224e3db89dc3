"""The mails around an approval: a question waits, its time runs out, an answer lacks a reason, what an answer did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar, cast

from airflow.sdk import Context

from sentiment.errors import InputError
from sentiment.language import tr
from sentiment.mail.approval import Asking, decided_mail, is_promoted
from sentiment.mail.letter import Mail
from sentiment.results.decision import Gate
from sentiment.results.record import StepResult
from sentiment.results.serving import Outcome, Question
from sentiment.results.validation import Validation
from sentiment.run_folder import RunFolder
from sentiment_airflow.links import archive_links, decision_link, log_link, version_links
from sentiment_airflow.notify.notifier import MailNotifier
from sentiment_airflow.passed_on import pulled
from sentiment_airflow.steps import StepOperator, step_settings

R = TypeVar("R", bound=StepResult)


class QuestionNotifier(MailNotifier):
    """Mails what `write` makes of the question that `describe` returned; it waits until `end`."""

    def __init__(self, write: Callable[[Asking], Mail], end: datetime, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.write, self.end = write, end

    def compose(self, context: Context) -> Mail:
        ti = context["ti"]
        question = pulled(ti, "describe", Question)
        links = {
            tr("Approve or reject"): decision_link(question.version),
            tr("The question in Airflow"): answer_link(ti.log_url),
        }
        return self.write(Asking(question, self.end, links, _result(question, Gate), _export_bytes(question)))


class DecisionNotifier(MailNotifier):
    """Mails what an answer did; it is the `on_success_callback` of the step that carried the answer out."""

    def compose(self, context: Context) -> Mail:
        ti, step = context["ti"], cast(StepOperator, context["task"])
        result = pulled(ti, ti.task_id, Outcome)
        links = {**log_link(ti.log_url), **version_links(result.version)}
        if has_archive := bool(step_settings().archive) and is_promoted(result):
            links |= archive_links(result.version)
        return decided_mail(result, step.options, step.run, links, has_archive=has_archive)


def answer_link(log_url: str) -> str:
    """Returns the address of the page on which people answer; `log_url` is that of the task that asks."""
    return f"{log_url.partition('?')[0]}/required_actions"


def _result(question: Question, kind: type[R]) -> R | None:
    """Returns what a step of the run left that the question is about; None, without which the mail goes out too."""
    try:
        return RunFolder.named(step_settings(), question.run).read(kind)
    except InputError:
        return None


def _export_bytes(question: Question) -> int | None:
    validation = _result(question, Validation)
    return validation.export_bytes if validation else None
