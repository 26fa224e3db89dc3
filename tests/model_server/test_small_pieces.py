"""What is small on the wire and large in work is read in small parts, and ended: chunks, headers, requests in a row."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import h11
import pytest

from sentiment.model_server.access import Access
from sentiment.model_server.bounded_parser import FREE_CHUNKS, MOST_HEADERS, BoundedParser

PREDICT = "/v1/models/sentiment:predict"
HEAD = f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
BODY = json.dumps({"signature_name": "text", "instances": ["好" * 30] * 20}, ensure_ascii=False).encode()


def chunked(body: bytes, size: int) -> bytes:
    parts = (body[begin : begin + size] for begin in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def events(data: bytes) -> list[Any]:
    """Returns what the parser makes of `data`, up to the first error, which is the last."""
    parser, found = BoundedParser(), list[Any]()
    parser.receive_data(data)
    try:
        while (event := parser.next_event()) is not h11.NEED_DATA and event is not h11.PAUSED:
            found.append(event)
    except h11.RemoteProtocolError as error:
        found.append(error)
    return found


def test_a_body_of_many_tiny_chunks_is_ended_soon() -> None:
    *parsed, error = events(HEAD + chunked(b" " * 5000, 1))
    assert str(error) == "the chunks are too small"
    assert FREE_CHUNKS <= len(parsed) <= FREE_CHUNKS + 20


@pytest.mark.parametrize(("size", "length"), [(1, FREE_CHUNKS), (64, 500_000), (5, FREE_CHUNKS * 5)])
def test_chunks_as_honest_clients_send_them_are_read(size: int, length: int) -> None:
    *parsed, end = events(HEAD + chunked(b" " * length, size))
    assert isinstance(end, h11.EndOfMessage)
    assert sum(len(event.data) for event in parsed[1:]) == length


@pytest.mark.parametrize("end_of_line", [b"\r\n", b"\n"])
def test_a_head_with_many_headers_is_ended_before_they_are_read(end_of_line: bytes) -> None:
    def request(headers: int) -> bytes:
        return end_of_line.join([b"GET / HTTP/1.1", b"Host: x", *[b"a:"] * (headers - 1), b"", b"x\n" * 200])

    assert isinstance(events(request(MOST_HEADERS))[0], h11.Request)
    (error,) = events(request(MOST_HEADERS + 1))
    assert str(error) == "too many headers"


def test_headers_behind_a_body_are_bounded_too() -> None:
    *_, error = events(HEAD + b"0\r\n" + b"a:\r\n" * (MOST_HEADERS + 1) + b"\r\n")
    assert str(error) == "too many headers behind the body"


def test_the_slow_bytes_of_a_body_of_known_length_are_not_chunks() -> None:
    parser = BoundedParser()
    parser.receive_data(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        while parser.next_event() is not h11.NEED_DATA:
            pass
        parser.receive_data(b"x")
    assert isinstance(parser.next_event(), h11.Data)
    assert isinstance(parser.next_event(), h11.EndOfMessage)


@contextlib.contextmanager
def flood(port: int, head: bytes, piece: bytes, connections: int = 4) -> Iterator[None]:
    """Sends `head`, and then `piece` without end, over some connections, which begin again when they are ended."""
    over = threading.Event()

    def send() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(head)
                while not over.is_set():
                    connection.send(piece)

    threads = [threading.Thread(target=send) for _ in range(connections)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(0.1)
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("token", ["", "a-token-of-this-server"])
@pytest.mark.parametrize(
    ("head", "piece"),
    [(HEAD, b"1\r\n \r\n" * 20_000), (b"GET / HTTP/1.1\r\nHost: x\r\n", b"a:\r\n" * 20_000)],
    ids=["chunks", "headers"],
)
def test_others_are_answered_beside_a_flood_of_small_pieces(
    site: Any, start: Any, token: str, head: bytes, piece: bytes
) -> None:
    """As it was, one connection made others wait for seconds, also without the token."""
    client = start(site, access=Access(token=token))
    connection, waited = http.client.HTTPConnection("127.0.0.1", client.server.rest_port, timeout=20), []
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with contextlib.closing(connection), flood(client.server.rest_port, head, piece):
        for _ in range(5):
            began = time.monotonic()
            connection.request("POST", PREDICT, BODY, headers)
            assert connection.getresponse().read().startswith(b'{"predictions"')
            waited.append(time.monotonic() - began)
    assert sorted(waited)[2] < 1


def test_many_requests_in_one_packet_are_answered_in_their_order(standing: Any) -> None:
    asked = b"GET /v1/models/sentiment HTTP/1.1\r\nHost: x\r\n\r\n" * 300
    with socket.create_connection(("127.0.0.1", standing.server.rest_port), timeout=20) as connection:
        connection.sendall(asked + b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answers = b""
        while part := connection.recv(65536):
            answers += part
    assert answers.count(b"HTTP/1.1 200 ") == 300
    assert answers.rpartition(b"HTTP/1.1 ")[2].startswith(b"404 ")


@pytest.mark.parametrize("length", [10, 16_384, 300_000, 3_000_000])
@pytest.mark.parametrize("size", [0, 1_000])
def test_bodies_of_every_length_come_whole(standing: Any, length: int, size: int) -> None:
    texts = ["好" + "x" * min(length, 300_000)] * max(1, length // 300_000)  # a longer text is refused
    body = {"signature_name": "text", "instances": texts}
    data = json.dumps(body, ensure_ascii=False).encode()
    connection = http.client.HTTPConnection("127.0.0.1", standing.server.rest_port, timeout=20)
    with contextlib.closing(connection):
        for _ in range(2):
            parts = (data[begin : begin + size] for begin in range(0, len(data), size)) if size else data
            connection.request("POST", PREDICT, parts, encode_chunked=bool(size))
            assert json.loads(connection.getresponse().read())["predictions"][0]["label"] == "正面"


def test_what_is_no_http_behind_a_request_ends_the_connection_quietly(
    standing: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR), socket.create_connection(
        ("127.0.0.1", standing.server.rest_port), timeout=20
    ) as connection:  # fmt: skip
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"1\r\n \r\n" * 600)
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(65536):
                pass
    assert standing.ask("好") == ["正面"]
    assert not caplog.records


@pytest.mark.parametrize("begun", [b"POST / HTTP/1.1", b"FOO / HTTP/1.1", b"POST /<> HTTP/1.1"])
@pytest.mark.parametrize("token", [b"wrong", b"a-token-of-this-server"])
def test_a_request_and_what_is_no_http_in_one_packet_end_as_quietly(
    site: Any, start: Any, caplog: pytest.LogCaptureFixture, begun: bytes, token: bytes
) -> None:
    """As it was, each such packet put twenty lines into the server's log, without the token too."""
    client = start(site, access=Access("a-token-of-this-server"))
    head = begun + b"\r\nHost: x\r\nAuthorization: Bearer " + token + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
    address = "127.0.0.1", client.server.rest_port
    with caplog.at_level(logging.ERROR), socket.create_connection(address, timeout=20) as connection:
        connection.sendall(head + b"zz\r\n")
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1 ") == 1
    assert not caplog.records
