from __future__ import annotations

import smtplib
from email.message import EmailMessage
from pathlib import Path

from sentiment.demo.mailbox import Mailbox
from sentiment.validation.throwaway import free_ports


def test_a_mail_is_kept_as_it_was_sent(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path / "mail", free_ports(1)[0])
    mailbox.start()
    try:
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = "拒絕：第 3 版", "a@localhost", "b@localhost"
        mail.set_content("準確率下降")
        with smtplib.SMTP("127.0.0.1", mailbox.port) as client:
            client.send_message(mail)
        kept = mailbox.wait_for("第 3 版", seconds=5)
        assert kept is not None
        assert kept["Subject"] == "拒絕：第 3 版"
        assert kept.get_content().strip() == "準確率下降"
        assert mailbox.wait_for("第 4 版", seconds=0.3) is None
    finally:
        mailbox.stop()
