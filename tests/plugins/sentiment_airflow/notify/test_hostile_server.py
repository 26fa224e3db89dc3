"""A mail server that never ends, in time or in words, holds no task and takes no memory; what it said first is told."""

from __future__ import annotations

import json
import os
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiosmtpd.controller import Controller
from sentiment_airflow.notify import bounded, notifier
from sentiment_airflow.notify.bounded import MOST_SAID, Bounded
from sentiment_airflow.notify.steps import StepFailureNotifier
from support.certificates import make_pair
from support.mailboxes import Mailbox, connection, failed

from sentiment.validation.throwaway import free_ports

Talk = Callable[[socket.socket], None]
LINE = b"220-" + b"x" * 1000 + b"\r\n"


def for_ever(piece: bytes, pause: float) -> Talk:
    def talk(client: socket.socket) -> None:
        while True:
            client.sendall(piece)
            time.sleep(pause)

    return talk


def refusing(client: socket.socket) -> None:
    client.sendall(b"220 at your service\r\n")
    reader = client.makefile("rb")
    while line := reader.readline():
        client.sendall(b"554 \x1b[31m go away\r\n" if line.startswith(b"mail") else b"250 ok\r\n")
        if line.startswith(b"mail"):
            return


def hanging_up(client: socket.socket) -> None:
    client.sendall(b"220 at your service\r\n")
    client.recv(1000)


@contextmanager
def serving(talk: Talk) -> Iterator[int]:
    """A server that talks so to everybody; returns its port."""

    def run() -> None:
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                threading.Thread(target=talked, args=(client,), daemon=True).start()

    def talked(client: socket.socket) -> None:
        with client, suppress(OSError):
            talk(client)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=run, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "talk",
    [for_ever(b"2", 0.05), for_ever(b"220-x\r\n", 0.05), for_ever(LINE * 20, 0), for_ever(b"x" * 5000, 0), hanging_up],
    ids=["a byte at a time", "a line at a time", "lines without end", "a line without end", "nothing more"],
)
def test_a_server_that_never_ends_is_one_line_in_the_log(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], talk: Talk
) -> None:
    monkeypatch.setattr(notifier, "ALL_SECONDS", 0.5)
    with serving(talk) as port:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", connection(port))
        StepFailureNotifier()(failed(ValueError("one")))
    told = capsys.readouterr().out
    assert told.count("A mail could not be sent") == 1 and len(told) < 1000 and mailbox.mails == []


def test_no_more_is_read_than_a_mail_needs() -> None:
    read: list[Bounded] = []

    class Seen(Bounded):
        def getreply(self) -> tuple[int, bytes]:
            read.append(self)
            return super().getreply()

    with serving(for_ever(LINE, 0)) as port, pytest.raises(smtplib.SMTPServerDisconnected, match="it said more than"):
        Seen(host="127.0.0.1", port=port, until=time.monotonic() + 60)
    assert MOST_SAID < read[0].said <= MOST_SAID + bounded.LONGEST_READ


def test_what_a_server_refused_is_told_though_airflow_sends_it_again(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it was, each refusal became `please run connect() first`."""
    with serving(refusing) as port:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", connection(port))
        StepFailureNotifier()(failed(ValueError("one")))
    told = capsys.readouterr().out
    assert "554" in told and "go away" in told and "\x1b[31m go" not in told and mailbox.mails == []


@pytest.mark.parametrize("from_the_first_byte", [True, False], ids=["TLS", "STARTTLS"])
@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "a stranger"])
def test_over_tls_a_mail_goes_to_the_server_that_is_meant_and_to_no_other(
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    trusted: bool,
    from_the_first_byte: bool,
) -> None:
    key, certificate = make_pair(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    found, how = Mailbox(), "ssl_context" if from_the_first_byte else "tls_context"
    server = Controller(found, hostname="127.0.0.1", port=free_ports(1)[0], **{how: context})
    with ended(server):
        stated = as_json(server.port, ssl=from_the_first_byte, tls=not from_the_first_byte)
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", stated)
        monkeypatch.setenv("SENTIMENT_MAIL_TO", "ann@example.com")
        StepFailureNotifier()(failed(ValueError("one")))
    told = capsys.readouterr().out
    assert [to for to, _ in found.mails] == ([["ann@example.com"]] if trusted else [])
    assert ("A mail could not be sent: SSLCertVerificationError" in told) is not trusted


def test_a_server_that_offers_no_tls_where_the_connection_wants_it_gets_no_mail(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port = urlsplit(os.environ["AIRFLOW_CONN_SMTP_DEFAULT"]).port
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", as_json(port or 0, ssl=False, tls=True))
    StepFailureNotifier()(failed(ValueError("one")))
    assert mailbox.mails == [] and "STARTTLS extension not supported" in capsys.readouterr().out


@contextmanager
def ended(server: Controller) -> Iterator[None]:
    server.start()
    yield
    server.stop()


def as_json(port: int, *, ssl: bool, tls: bool) -> str:
    """Returns a connection as JSON: in one that is an address, Airflow takes `disable_tls=false` for true."""
    extra = {"from_email": "s@example.com", "disable_ssl": not ssl, "disable_tls": not tls, "timeout": 5}
    return json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra})
