"""A mail server may take only so long, and say only so much: whatever it does, the task that mails goes on.

`smtplib` waits for each piece of an answer anew, and keeps all lines of one: a server that sent a byte a minute held a
task for days, and one that never ended its greeting took all memory.
"""

from __future__ import annotations

import smtplib
import time
from typing import Any

ALL_SECONDS = 120.0  # for one mail, whatever is tried again
MOST_SAID = 256 << 10  # bytes that a server may say on one connection: a mail needs a few hundred
LONGEST_READ = 8192  # bytes at once


class Bounded(smtplib.SMTP):
    """A connection to a mail server that ends at `until`, a time of `time.monotonic`."""

    def __init__(self, *, until: float, timeout: float | None = None, **kwargs: Any) -> None:
        self.until, self.said = until, 0
        self.first: smtplib.SMTPException | None = None
        left = max(until - time.monotonic(), 0.1)
        super().__init__(timeout=min(timeout or left, left), **kwargs)

    def sendmail(self, *args: Any, **kwargs: Any) -> Any:
        """Sends a mail. Raises: SMTPException: of a mail that is tried again, what went wrong first."""
        try:
            return super().sendmail(*args, **kwargs)
        except smtplib.SMTPException as error:
            self.first = self.first or error
            raise self.first from None

    def getreply(self) -> tuple[int, bytes]:
        """Returns the server's next answer. Raises: SMTPServerDisconnected when it takes too long, or says too much."""
        if self.file is None and self.sock is not None:  # at the start, and anew behind STARTTLS
            self.file = Lines(self)
        return super().getreply()

    def heard(self, room: int) -> bytes:
        """Returns what the server says next; b"" at the end. Raises: OSError when a bound is reached."""
        left, patience = self.until - time.monotonic(), self.timeout
        if left <= 0:
            raise TimeoutError(f"it took more than {ALL_SECONDS:.0f} seconds")
        if self.sock is None:
            raise ConnectionError("it was closed")
        self.sock.settimeout(min(left, patience) if isinstance(patience, int | float) else left)
        found = bytes(self.sock.recv(room))
        self.said += len(found)
        if self.said > MOST_SAID:
            raise OSError(f"it said more than {MOST_SAID:,} bytes")
        return found


class BoundedOverTls(Bounded, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


class Lines:
    """What `smtplib` reads a server's answers from."""

    def __init__(self, server: Bounded) -> None:
        self.server, self.kept = server, b""

    def readline(self, longest: int) -> bytes:
        """Returns the next line, or what there is of it when it is longer, or the connection has ended."""
        while b"\n" not in self.kept and len(self.kept) < longest and (found := self.server.heard(LONGEST_READ)):
            self.kept += found
        end = min(self.kept.find(b"\n") + 1 or len(self.kept), longest)
        line, self.kept = self.kept[:end], self.kept[end:]
        return line

    def close(self) -> None:
        self.kept = b""
