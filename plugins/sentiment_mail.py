"""The mails of the workflows: what regressed, and which step failed.

Who gets them: SENTIMENT_MAIL_TO (addresses, by comma); by which server: Airflow's connection `smtp_default`.
A mail that cannot be sent is one line in the task's log, and never changes the task's outcome.
"""

from __future__ import annotations

import html
import os
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from functools import cached_property
from typing import Any

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import Context
from sentiment_steps import StepRefused, step_settings

from sentiment.checks.mail import check_mail, warnings_of
from sentiment.gate.harmless import html_text, plain, safe_links
from sentiment.gate.letter import LONGEST_SUBJECT, Mail
from sentiment.gate.mail import regression_mail
from sentiment.run_folder import RunFolder

LONGEST_CAUSE = 1000


class StepFailureNotifier(SmtpNotifier):
    """Mails which step failed, its one-line cause, and where its log is."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(to=[], mime_subtype="alternative", **kwargs)

    def compose(self, context: Context) -> Mail:
        """Returns the mail about the failed task of `context`."""
        return failure_mail(context)

    def notify(self, context: Context) -> None:
        try:
            self._send(self.compose(context), context)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a mail, the task's outcome stands
            self.log.error("A mail could not be sent: %s: %s", type(error).__name__, " ".join(str(error).split()))

    def _send(self, mail: Mail, context: Context) -> None:
        self.to = recipients()
        if not self.to:
            self.log.warning("Nobody is mailed, because SENTIMENT_MAIL_TO is empty: %s", mail.subject)
            return
        self.subject, self.html_content, self.hook.text = mail.subject, mail.html, mail.text
        super().notify(context)
        self.log.info("Mailed to %s: %s", ", ".join(self.to), mail.subject)

    @cached_property
    def hook(self) -> TwoPartHook:
        return TwoPartHook(smtp_conn_id=self.smtp_conn_id, auth_type=self.auth_type)


class RegressionNotifier(StepFailureNotifier):
    """Mails what regressed, by how much and on which texts; for any other failure of the gate, that failure."""

    def compose(self, context: Context) -> Mail:
        if not isinstance(context.get("exception"), StepRefused):
            return failure_mail(context)
        run = RunFolder.named(step_settings(), str(context["run_id"]))
        links = {"Log": context["ti"].log_url}
        return regression_mail(run.read("gate"), run.name, run.read("prepare"), links, warnings_of(run))


class CheckNotifier(StepFailureNotifier):
    """Mails which check of the new posts stopped the run, and on which texts; any other failure as that failure."""

    def compose(self, context: Context) -> Mail:
        if not isinstance(context.get("exception"), StepRefused):
            return failure_mail(context)
        run = RunFolder.named(step_settings(), str(context["run_id"]))
        return check_mail(run.read("check"), run.name, {"Log": context["ti"].log_url})


class TwoPartHook(SmtpHook):
    """Adds the plain text to a mail, for programs that show no HTML: the better form comes last (RFC 2046, 5.1.4)."""

    text = ""

    def _build_mime_message(self, *args: Any, **kwargs: Any) -> tuple[MIMEMultipart, list[str]]:
        message, everybody = super()._build_mime_message(*args, **kwargs)
        message.set_payload([MIMEText(self.text, "plain", "utf-8"), *message.get_payload()])
        return message, everybody


def recipients() -> list[str]:
    """Returns the addresses in SENTIMENT_MAIL_TO."""
    return [address.strip() for address in os.environ.get("SENTIMENT_MAIL_TO", "").split(",") if address.strip()]


def failure_mail(context: Context) -> Mail:
    """Returns the mail about a task that failed. Its cause may quote a post."""
    task = context["ti"]
    cause = str(context.get("exception") or "no cause was given")
    facts = {"Workflow": task.dag_id, "Run": task.run_id, "Step": task.task_id, "Try": task.try_number, "Cause": cause}
    links = safe_links({"Log": task.log_url})
    lines = [f"{name}: {plain(value, LONGEST_CAUSE)}" for name, value in facts.items()]
    return Mail(
        subject=plain(f"Sentiment: step {task.task_id} failed. {cause}", LONGEST_SUBJECT),
        text="\n".join([*lines, *(f"{name}: {address}" for name, address in links.items())]) + "\n",
        html="".join(f"<p>{html_text(line, LONGEST_CAUSE)}</p>" for line in lines)
        + "".join(f'<p><a href="{html.escape(address)}">{name}</a></p>' for name, address in links.items()),
    )
