"""Clients that mean no good: each gets a 4xx or is cut off, and the next one is served as before."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import pytest

from sentiment.model_server import ports

REQUEST = b"GET /v1/models/sentiment HTTP/1.1\r\nHost: x\r\n"


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def answer_to(client: Any, data: bytes) -> bytes:
    """Returns what comes back until the server closes, or has answered."""
    with connect(client.server.rest_port) as connection, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(data)
        return connection.recv(65536)
    return b""


@pytest.mark.parametrize(
    "data",
    [
        REQUEST + b"X: " + b"x" * 200_000 + b"\r\n\r\n",
        REQUEST + b"".join(b"X-%d: x\r\n" % number for number in range(50_000)) + b"\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
        b"GET /v1/models/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /v1/models/sentiment:predict HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/models/sentiment:predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00" * 1000,
    ],
)
def test_what_is_no_http_is_a_bad_request(standing: Any, data: bytes) -> None:
    answer = answer_to(standing, data)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:200]
    assert standing.ask("好") == ["正面"]


def test_a_client_that_never_finishes_its_head_is_cut_off(
    site: Any, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "SECONDS_FOR_HEADERS", 0.3)
    client = start(site)
    with connect(client.server.rest_port) as silent, connect(client.server.rest_port) as slow:
        slow.sendall(REQUEST)
        assert (silent.recv(100), slow.recv(100)) == (b"", b"")
    assert client.ask("好") == ["正面"]


def test_idle_connections_leave_room_for_others(standing: Any) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(connect(standing.server.rest_port))
            stack.enter_context(connect(standing.server.grpc_port))
        assert standing.ask("好") == ["正面"]
        assert standing.predict({"text": ["好"]}, "text").model_spec.version.value == 1


def test_more_connections_than_there_is_room_for_are_closed(
    site: Any, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "MAX_SOCKETS", 5)
    client = start(site)
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(connect(client.server.rest_port))
        client.wait_for(lambda: is_closed(client), "one connection too many to be closed")
    client.wait_for(lambda: not is_closed(client), "a place")
    assert client.ask("好") == ["正面"]


def is_closed(client: Any) -> bool:
    with connect(client.server.rest_port) as connection:
        connection.settimeout(0.2)
        try:
            return connection.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


def test_a_client_that_leaves_before_its_answer_harms_nobody(standing: Any) -> None:
    body = b'{"signature_name": "text", "instances": ["\xe5\xa5\xbd"]}'
    head = b"POST /v1/models/sentiment:predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    for _ in range(20):
        with connect(standing.server.rest_port) as connection:
            connection.sendall(head + body)
            connection.shutdown(socket.SHUT_WR)
    assert standing.ask("好") == ["正面"]


@pytest.mark.parametrize(
    "data", [b"\x00" * 4096, REQUEST + b"\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 4096]
)
def test_garbage_on_the_grpc_port_is_cut_off(standing: Any, data: bytes) -> None:
    with connect(standing.server.grpc_port) as connection, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(data)
        while connection.recv(65536):
            pass
    assert standing.predict({"text": ["好"]}, "text").model_spec.version.value == 1


def test_a_grpc_message_that_is_no_request_is_refused(standing: Any) -> None:
    import grpc

    call = standing.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    with pytest.raises(grpc.RpcError) as refused:
        call(b"\xff" * 1000, timeout=20)
    assert refused.value.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT)
    assert standing.predict({"text": ["好"]}, "text").model_spec.version.value == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"instances": [' + b"9" * 5_000_000 + b"]}",
        b'{"a": ' * 100_000,
        b'{"instances": [1], "instances": [{"b64": "*"}]}',
        b'{"signature_name": "text", "instances": [' + b"[]," * 100_000 + b"[]]}",
        b'{"signature_name": "text", "instances": "' + b"\\u0000" * 100_000 + b'"}',
    ],
)
def test_json_that_is_a_burden_is_a_bad_request(standing: Any, body: bytes) -> None:
    status, answer = standing.http("/v1/models/sentiment:predict", body)
    assert (status, len(answer["error"]) < 500) == (400, True), answer["error"][:500]
