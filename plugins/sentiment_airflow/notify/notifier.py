"""How the workflows mail: as text and HTML, to SENTIMENT_MAIL_TO, and about the same cause once within a set time.

The mail server is Airflow's connection `smtp_default`. A mail that cannot be sent becomes one line in the task's log
and never changes the task's outcome.
"""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from functools import cached_property
from typing import Any

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import Context

from sentiment.errors import InputError
from sentiment.language import speaking, tr_many
from sentiment.mail.letter import Mail
from sentiment.mail.repeats import Told, look, mailed_file, note
from sentiment.settings import language_of_people, read_airflow_settings
from sentiment.text.harmless import one_line
from sentiment_airflow.notify.bounded import ALL_SECONDS, Bounded, BoundedOverTls
from sentiment_airflow.steps import step_settings

# An address, or a name and one, in ASCII: what the protocol of mails can say to every server.
ADDRESS = re.compile(r"[ -;=?-~]*<[!-;=?A-~]+@[!-;=?A-~]+>|[!-;=?A-~]+@[!-;=?A-~]+")
LONGEST_CAUSE = 500  # characters of why a mail could not be sent: the server's words may be among them


class MailNotifier(SmtpNotifier, ABC):
    """Sends the mail that `compose` returns, if it returns one, in the language of people (SENTIMENT_LANGUAGE)."""

    # A mail quotes posts: none of it is a template, also where one process mails twice.
    template_fields = ()  # type: ignore[assignment]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(to=[], mime_subtype="alternative", **kwargs)

    @abstractmethod
    def compose(self, context: Context) -> Mail | None:
        """Returns the mail about the task of `context`; None when there is nothing to say."""

    def notify(self, context: Context) -> None:
        try:
            with speaking(language_of_people()):
                if mail := self.compose(context):
                    self._send_once(mail, context)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a mail, the task's outcome stands
            self.log.error("A mail could not be sent: %s: %s", type(error).__name__, one_line(error, LONGEST_CAUSE))

    def _send_once(self, mail: Mail, context: Context) -> None:
        self.to, wrong = recipients()
        if wrong:
            begin = "SENTIMENT_MAIL_TO has what is no mail address, and gets no mail: %s"
            self.log.error(begin, one_line(", ".join(wrong), LONGEST_CAUSE))
        if not self.to:
            self.log.warning("No mail was sent, because SENTIMENT_MAIL_TO is empty: %s", mail.subject)
            return
        told = _told(mail)
        if not told.mail:
            self.log.info("Not mailed again, because the same cause was mailed at %s: %s", told.since, mail.subject)
        else:
            self._send(mail.with_note(_held_back(told)) if told.held else mail, context)
        _note(mail, mailed=told.mail)

    def _send(self, mail: Mail, context: Context) -> None:
        self.subject, self.html_content, self.hook.text = mail.subject, mail.html, mail.text
        self.hook.until = time.monotonic() + ALL_SECONDS
        try:
            super().notify(context)
        finally:
            self.hook.end()
        self.log.info("Mailed to %s: %s", ", ".join(self.to), mail.subject)

    @cached_property
    def hook(self) -> TwoPartHook:
        return TwoPartHook(smtp_conn_id=self.smtp_conn_id, auth_type=self.auth_type)


class TwoPartHook(SmtpHook):
    """Adds plain text to a mail, for programs that show no HTML; the richer part comes last (RFC 2046, 5.1.4).

    The mail server has until `until`, a time of `time.monotonic`.
    """

    text = ""
    until = 0.0

    def _build_client(self) -> Bounded | BoundedOverTls:
        kind = BoundedOverTls if self.use_ssl else Bounded
        return kind(until=self.until, **self._build_client_kwargs(is_async=False))

    def end(self) -> None:
        """Ends a connection that was begun, and on which Airflow's own hook failed: the next mail needs another."""
        if isinstance(client := self._smtp_client, Bounded):
            client.close()
        self._smtp_client = None

    def _build_mime_message(self, *args: Any, **kwargs: Any) -> tuple[MIMEMultipart, list[str]]:
        message, everybody = super()._build_mime_message(*args, **kwargs)
        message.set_payload([MIMEText(self.text, "plain", "utf-8"), *message.get_payload()])
        return message, everybody


def recipients() -> tuple[list[str], list[str]]:
    """Returns the addresses in SENTIMENT_MAIL_TO, and what else stands there: one such would keep a mail from all."""
    stated = read_airflow_settings("mail_to").mail_to
    return [one for one in stated if ADDRESS.fullmatch(one)], [one for one in stated if not ADDRESS.fullmatch(one)]


def quiet_time() -> timedelta:
    """Returns how long the same cause is not mailed again: SENTIMENT_MAIL_QUIET_HOURS, by default 12 hours."""
    return timedelta(hours=read_airflow_settings("mail_quiet_hours").mail_quiet_hours)


def _told(mail: Mail) -> Told:
    if not mail.cause:
        return Told(True)
    try:
        return look(mailed_file(step_settings()), mail.cause, datetime.now(UTC), max(quiet_time(), mail.quiet))
    except InputError:  # every mail reports a wrong setting
        return Told(True)


def _note(mail: Mail, *, mailed: bool) -> None:
    if not mail.cause:
        return
    try:
        note(mailed_file(step_settings()), mail.cause, datetime.now(UTC), mailed=mailed)
    except InputError:  # as above
        return


def _held_back(told: Told) -> str:
    return tr_many(
        "{number} mail about the same cause had been held back since the last one at {since}.",
        "{number} mails about the same cause had been held back since the last one at {since}.",
        told.held,
        since=told.since,
    )
