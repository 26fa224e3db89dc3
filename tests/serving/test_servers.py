"""Servers that are down, silent, or something else: each is named, and all are asked at once."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sentiment.serving import servers
from sentiment.serving.servers import RefusedError, ServerError


@pytest.fixture
def silent() -> Iterator[list[str]]:
    """Three addresses that take a connection and never answer."""
    with contextlib.ExitStack() as stack:
        listening = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        yield [f"http://127.0.0.1:{one.getsockname()[1]}" for one in listening]


@contextlib.contextmanager
def answering(body: bytes) -> Iterator[str]:
    """A server that answers everything with `body`."""
    listening = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(10_000)
                    connection.sendall(body)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def http(json: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(json), json)


def test_several_dead_servers_take_the_time_of_one(silent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "SECONDS_FOR_AN_ANSWER", 0.5)
    began = time.monotonic()
    answers = servers.each(silent, lambda address: servers.version_states(address, "sentiment"))
    assert time.monotonic() - began < 1.0
    assert list(answers) == silent
    assert all(isinstance(answer, OSError) for answer in answers.values())


def test_every_server_that_is_late_is_named(silent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "SECONDS_FOR_AN_ANSWER", 0.2)
    monkeypatch.setattr(servers, "SECONDS_UNTIL_UNREACHABLE", 0.2)
    with pytest.raises(ServerError) as caught:
        servers.wait_until_available([*silent, "http://127.0.0.1:9"], "sentiment", 1, timeout=5.0)
    assert not caught.value.refused
    for address in (*silent, "http://127.0.0.1:9"):
        assert f"{address} cannot be reached: " in str(caught.value)


def test_a_server_that_stays_silent_is_told_of_while_it_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(servers, "SECONDS_OF_SILENCE", 0.1)
    monkeypatch.setattr(servers, "SECONDS_UNTIL_UNREACHABLE", 1.0)
    with pytest.raises(ServerError):
        servers.wait_until_available(["http://127.0.0.1:9"], "sentiment", 1, timeout=5.0)
    waiting = "http://127.0.0.1:9 does not answer (Connection refused); waiting up to 1 s …\n"
    assert capsys.readouterr().err == waiting


def test_the_first_refusal_ends_the_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = b'{"model_version_status": [{"version": "1", "state": "END", "status": {"error_code": "DATA_LOSS"}}]}'
    loading = b'{"model_version_status": [{"version": "1", "state": "LOADING"}]}'
    began = time.monotonic()
    with answering(http(failed)) as broken, answering(http(loading)) as slow:  # noqa: SIM117
        with pytest.raises(RefusedError, match=f"{broken} could not load version 1: DATA_LOSS"):
            servers.wait_until_available([slow, broken], "sentiment", 1, timeout=60.0)
    assert time.monotonic() - began < 10


def test_an_old_failure_is_no_answer_until_the_server_must_have_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = b'{"model_version_status": [{"version": "1", "state": "END", "status": {"error_code": "DATA_LOSS"}}]}'
    with answering(http(failed)) as server:
        monkeypatch.setattr(servers, "SECONDS_UNTIL_READ", 0.4)
        began = time.monotonic()
        old = servers.failed_before([server, "http://127.0.0.1:9"], "sentiment", 1)
        assert (old, time.monotonic() - began > 0.4) == ({server: ("END", "DATA_LOSS: ")}, True)
        monkeypatch.setattr(servers, "SECONDS_UNTIL_READ", 60.0)
        with pytest.raises(ServerError, match=r"did not load version 1 within 0\.3 s"):
            servers.wait_until_available([server], "sentiment", 1, 0.3, old=old)
        monkeypatch.setattr(servers, "SECONDS_UNTIL_READ", 0.1)
        with pytest.raises(RefusedError, match="could not load version 1: DATA_LOSS"):
            servers.wait_until_available([server], "sentiment", 1, 5.0, old=old)
        with pytest.raises(RefusedError, match="could not load version 1: DATA_LOSS"):
            servers.wait_until_available([server], "sentiment", 1, 5.0, old={server: ("END", "of another kind")})


def test_a_version_that_takes_for_ever_to_load_is_given_up() -> None:
    loading = b'{"model_version_status": [{"version": "1", "state": "LOADING"}]}'
    with answering(http(loading)) as slow, pytest.raises(ServerError, match=r"did not load version 1 within 0\.5 s"):
        servers.wait_until_available([slow], "sentiment", 1, timeout=0.5)


@pytest.mark.parametrize("body", [b"", b"SSH-2.0\r\n", http(b"<html>"), http(b"[1]"), http(b"\xff\xfe")])
def test_something_else_at_the_address_is_as_good_as_nothing(body: bytes) -> None:
    with answering(body) as address, pytest.raises(OSError, match=r"."):
        servers.version_states(address, "sentiment")


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_so_nobody_else_hears_the_token(code: int) -> None:
    with answering(http(b"{}")) as other:
        elsewhere = b"HTTP/1.1 %d x\r\nLocation: %s/\r\nContent-Length: 0\r\n\r\n" % (code, other.encode())
        with answering(elsewhere) as address, pytest.raises(OSError, match="it sends to another address"):
            servers.version_states(address, "sentiment")


@pytest.mark.parametrize("address", ["", "127.0.0.1:8501", "ftp://127.0.0.1", "http://", "http://[::1"])
def test_what_is_no_address_cannot_be_reached(address: str) -> None:
    with pytest.raises(OSError, match=r"."):
        servers.version_states(address, "sentiment")


def test_a_server_is_unreachable_only_after_three_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, int] = {}

    def ask(address: str, model: str) -> dict[Any, Any]:
        asked[address] = asked.get(address, 0) + 1
        if address == "down" or asked[address] < 3:
            raise ConnectionRefusedError
        return {}

    monkeypatch.setattr(servers, "version_states", ask)
    monkeypatch.setattr(servers, "SECONDS_BETWEEN_QUESTIONS", 0.0)
    assert servers.unreachable(["up at last", "down"], "sentiment") == ("down",)
