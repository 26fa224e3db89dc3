"""The mails of the workflows: what regressed, which canary was withdrawn, who went back, which step failed.

Who gets them: SENTIMENT_MAIL_TO (addresses, by comma); by which server: Airflow's connection `smtp_default`.
A mail that cannot be sent is one line in the task's log, and never changes the task's outcome.
"""

from __future__ import annotations

import html
import os
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from functools import cached_property
from itertools import takewhile
from typing import Any, cast

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import Context
from sentiment_steps import StepOperator, StepRefused, step_settings

from sentiment.checks.mail import check_mail, warnings_of
from sentiment.errors import InputError
from sentiment.gate.harmless import html_text, plain, safe_links
from sentiment.gate.letter import LONGEST_SUBJECT, Mail, letter
from sentiment.gate.mail import regression_mail
from sentiment.probe.decision import UNREACHABLE
from sentiment.probe.mail import withdrawn_mail
from sentiment.probe.record import probes_file, read_probes
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


class WithdrawalNotifier(StepFailureNotifier):
    """Mails why a canary was withdrawn; of servers that do not answer, only when that begins."""

    def compose(self, context: Context) -> Mail:
        exception = context.get("exception")
        if not isinstance(exception, StepRefused):
            return failure_mail(context)
        ti = context["ti"]
        return withdrawn_mail(exception.result, ti.run_id, {"Log": ti.log_url}, step_settings().label_set.names)

    def notify(self, context: Context) -> None:
        if not isinstance(context.get("exception"), StepRefused) and self._is_told(context):
            self.log.info("Nobody is mailed again: the servers have not answered since an earlier run")
            return
        super().notify(context)

    def _is_told(self, context: Context) -> bool:
        """Tells whether an earlier run failed for the same reason; every try of this one has a line in the record."""
        try:
            probes = read_probes(probes_file(step_settings()))
        except InputError:  # a setting that is wrong is told in the mail
            return False
        streak = list(takewhile(lambda probe: probe.get("outcome") == UNREACHABLE, reversed(probes)))
        same = bool(streak) and all(reason in str(context.get("exception")) for reason in streak[0].get("reasons", []))
        return same and len(streak) > context["ti"].try_number


class RollbackNotifier(StepFailureNotifier):
    """Mails that somebody went back to an earlier version; for `on_success_callback`."""

    def compose(self, context: Context) -> Mail:
        ti, step = context["ti"], cast(StepOperator, context["task"])
        result, asked = ti.xcom_pull(task_ids=ti.task_id), step.options
        labels = ("stable", "previous", "canary")
        return letter(
            f"Sentiment: rollback by {asked['who']}. {result['sentence']}",
            result["sentence"],
            ti.run_id,
            {
                "Who and why": [f"By: {asked['who']}", f"Reason: {asked['reason']}"],
                "What is served now": [f"{label}: {result[label] or 'none'}" for label in labels],
                "What to do": [
                    "Nothing at once. The next night trains on from the version that is stable now; what the later one "
                    "had learned is new again, and part of its batch. See `sentiment status`."
                ],
            },
            {"Log": ti.log_url},
        )


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
