"""The mailbox of the demo's operator: a real SMTP server on localhost that keeps every mail."""

from __future__ import annotations

import email
import email.policy
import time
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller


class Mailbox:
    """Receives mails on `port` and writes each to `folder` as `<number>.eml`."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        folder.mkdir(parents=True, exist_ok=True)
        self._controller = Controller(self, hostname="127.0.0.1", port=port)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keeps one mail (the name is aiosmtpd's)."""
        number = len(self.files()) + 1
        (self.folder / f"{number}.eml").write_bytes(envelope.content)
        return "250 kept"

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        if self._controller.server:
            self._controller.stop()

    def files(self) -> list[Path]:
        return sorted(self.folder.glob("*.eml"), key=lambda path: int(path.stem))

    def wait_for(self, subject: str, seconds: float) -> EmailMessage | None:
        """Waits for a mail with `subject` in its subject; returns the newest, None when none comes in time."""
        deadline = time.monotonic() + seconds
        while not (found := [mail for mail in self._mails() if subject in str(mail["Subject"])]):
            if time.monotonic() > deadline:
                return None
            time.sleep(0.2)
        return found[-1]

    def _mails(self) -> list[EmailMessage]:
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in self.files()]
