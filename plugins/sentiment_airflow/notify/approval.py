"""The mails around an approval: a question waits, its time runs out, an answer lacks a reason, what an answer did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from airflow.sdk import Context

from sentiment.mail.approval import decided_mail
from sentiment.mail.letter import Mail
from sentiment.results.serving import Outcome, Question
from sentiment_airflow.links import version_links
from sentiment_airflow.notify.notifier import MailNotifier
from sentiment_airflow.passed_on import pulled
from sentiment_airflow.steps import StepOperator

Links = Mapping[str, str]


class QuestionNotifier(MailNotifier):
    """Mails what `write` makes of the question that `describe` returned, with a link to the page for the answer."""

    def __init__(self, write: Callable[[Question, Links], Mail], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.write = write

    def compose(self, context: Context) -> Mail:
        ti = context["ti"]
        question = pulled(ti, "describe", Question)
        links = {"Approve or reject": answer_link(ti.log_url), **version_links(question.version)}
        return self.write(question, links)


class DecisionNotifier(MailNotifier):
    """Mails what an answer did; it is the `on_success_callback` of the step that carried the answer out."""

    def compose(self, context: Context) -> Mail:
        ti, step = context["ti"], cast(StepOperator, context["task"])
        result = pulled(ti, ti.task_id, Outcome)
        links = {"Log": ti.log_url, **version_links(result.version)}
        return decided_mail(result, step.options, step.run, links)


def answer_link(log_url: str) -> str:
    """Returns the address of the page on which people answer; `log_url` is that of the task that asks."""
    return f"{log_url.partition('?')[0]}/required_actions"
