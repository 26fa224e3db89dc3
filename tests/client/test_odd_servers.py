"""Servers that misbehave: every one of them is an answer from elsewhere, or one clear error in time."""

from __future__ import annotations

import contextlib
import json
import math
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from sentiment.client import ClientError, SentimentClient
from sentiment.client.answer import Failure
from sentiment.client.rest import RestServer

Start = Callable[..., Any]
ROW = {"label": ["正面"], "label_id": [0], "probabilities": [[0.8, 0.1, 0.1]]}
WRONG = [
    {"outputs": {**ROW, "label": ["正面", "正面"]}},
    {"outputs": {**ROW, "label": "正"}},
    {"outputs": {**ROW, "label": [5]}},
    {"outputs": {**ROW, "label_id": [3]}},
    {"outputs": {**ROW, "label_id": [-1]}},
    {"outputs": {**ROW, "label_id": [1]}},
    {"outputs": {**ROW, "label_id": [True]}},
    {"outputs": {**ROW, "label_id": ["0"]}},
    {"outputs": {**ROW, "probabilities": [[0.8, 0.8, 0.1]]}},
    {"outputs": {**ROW, "probabilities": [[float("nan"), 0.1, 0.1]]}},
    {"outputs": {**ROW, "probabilities": [[[1.0]]]}},
    {"outputs": {**ROW, "probabilities": [None]}},
    {"outputs": {"probabilities": [[0.8, 0.1, 0.1]]}},
    {"outputs": [1, 2, 3]},
    {"predictions": []},
    {},
    [],
    None,
]
HOSTILE = [
    b"<html>Log in to the wireless network</html>",
    b"",
    b"\xff\xfe\x00",
    b'{"outputs": ',
    b"[" * 100_000,
    *(json.dumps(value).encode() for value in WRONG),
]


@pytest.mark.parametrize("content", HOSTILE)
def test_what_is_no_answer_is_one_error(odd: Start, odd_answers: dict[str, Any], content: bytes) -> None:
    server = odd(odd_answers["says"](content))
    with SentimentClient(server.address) as client, pytest.raises(ClientError, match="label stable") as caught:
        client.classify(["x"])
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 1000
    assert len(server.asked) == 1


ROWS = [[0.8, 0.1, 0.1], [0.2, 0.2, 0.6]]


@pytest.mark.parametrize("outputs", [ROWS, {"probabilities": ROWS}])
def test_answers_to_token_ids_are_taken_by_name_too(odd: Start, odd_answers: dict[str, Any], outputs: Any) -> None:
    server = RestServer(odd(odd_answers["says"](json.dumps({"outputs": outputs}).encode())).address, "sentiment")
    assert server.ask_ids({"input_ids": [[2, 3], [2, 3]]}, "stable", 5.0) == [tuple(row) for row in ROWS]
    server.close()


@pytest.mark.parametrize(
    "outputs",
    [ROWS[:1], [ROWS[0], None], [ROWS[0], [0.9, 0.9]], [ROWS[0], ["1"]], {}, None, "1", [ROWS[0], [math.nan]]],
)
def test_what_is_no_answer_to_token_ids_is_one_failure(odd: Start, odd_answers: dict[str, Any], outputs: Any) -> None:
    server = RestServer(odd(odd_answers["says"](json.dumps({"outputs": outputs}).encode())).address, "sentiment")
    with pytest.raises(Failure, match="a distribution for each of 2 rows of token ids"):
        server.ask_ids({"input_ids": [[2, 3], [2, 3]]}, "stable", 5.0)
    server.close()


def test_what_is_no_answer_is_asked_elsewhere(odd: Start, odd_answers: dict[str, Any]) -> None:
    servers = [odd(odd_answers["says"](content)) for content in (HOSTILE[0], odd_answers["good"]())]
    with SentimentClient([server.address for server in servers]) as client:
        assert client.classify(["x"])[0].label == "正面"


RAW = {
    "no HTTP": b"220 mail.example ESMTP\r\n",
    "garbage": b"\x16\x03\x01\x00",
    "cut short": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{",
    "endless head": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 5000,
    "bad length": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
    "too much": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b" " * (17 << 20),
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("raw", RAW.values(), ids=RAW.keys())
def test_what_is_no_http_is_one_error(odd: Start, raw: bytes) -> None:
    def behave(_: bytes, connection: Any) -> None:
        connection.sendall(raw)
        connection.shutdown(1)

    server = odd(behave)
    with SentimentClient(server.address, deadline=3) as client, pytest.raises(ClientError) as caught:
        client.classify(["x"])
    assert "\n" not in str(caught.value)


CUTS = {"in flight": 0, "in the head": 25, "before the body": -1, "in the body": 90, "but for one byte": -2}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
def test_a_request_that_a_stopped_server_cut_is_asked_again(odd: Start, odd_answers: dict[str, Any], cut: int) -> None:
    """TensorFlow Serving handles no SIGTERM (`main.cc:main`): it ends with its requests in flight."""
    whole: bytes = odd_answers["http"](odd_answers["good"]())
    at = {-1: whole.index(b"\r\n\r\n") + 4, -2: len(whole) - 1}.get(cut, cut)
    cuts = [at, at]

    def behave(_: bytes, connection: Any) -> None:
        connection.sendall(whole[: cuts.pop()] if cuts else whole)
        if len(server.asked) <= 2:
            connection.shutdown(2)

    server = odd(behave)
    with SentimentClient(server.address) as client:
        assert client.classify(["x"])[0].label == "正面"
    assert len(server.asked) == 3


def pump(source: socket.socket, to: socket.socket, most: float) -> None:
    """Passes on what comes, until so many bytes have come or somebody leaves; then both connections end."""
    with contextlib.suppress(OSError):
        while most > 0 and (chunk := source.recv(65536)):
            most -= len(chunk)
            if most > 0:
                to.sendall(chunk)
    for one in (source, to):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def test_a_call_over_grpc_that_a_stopped_server_cut_is_asked_again(standing_both: Any) -> None:
    """The first two connections end with a call in flight: 1,000 bytes are within the text that is asked about."""
    host, _, port = standing_both.server.grpc_address.rpartition(":")
    carried: list[float] = []
    with contextlib.ExitStack() as opened:
        listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))

        def serve() -> None:
            for most in (1000, 1000, math.inf):
                here = opened.enter_context(listener.accept()[0])
                there = opened.enter_context(socket.create_connection((host, int(port))))
                carried.append(most)
                for way in ((here, there, most), (there, here, math.inf)):
                    threading.Thread(target=pump, args=way, daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        with SentimentClient(f"grpc://127.0.0.1:{listener.getsockname()[1]}", deadline=10) as client:
            assert client.classify(["推好" * 1000])[0].side == "stable"
    assert carried == [1000, 1000, math.inf]


def test_an_answer_that_comes_byte_by_byte_keeps_the_deadline(odd: Start, odd_answers: dict[str, Any]) -> None:
    server = odd(odd_answers["drips"])
    began = time.monotonic()
    with SentimentClient(server.address, deadline=0.5) as client, pytest.raises(ClientError, match="no answer in time"):
        client.classify(["x"])
    assert time.monotonic() - began < 0.8


def test_a_slow_canary_leaves_stable_its_time(odd: Start, odd_answers: dict[str, Any]) -> None:
    def behave(request: bytes, connection: Any) -> None:
        if b"/labels/canary:" in request:
            time.sleep(2)
        connection.sendall(odd_answers["http"](odd_answers["good"]()))

    server = odd(behave)
    with SentimentClient(server.address, canary_share=1, deadline=1) as client:
        [answer] = client.classify(["x"])
    assert (answer.side, answer.fell_back) == ("stable", True)
    assert 0.4 < answer.seconds < 0.9


def test_a_server_that_is_busy_for_a_moment_is_asked_again(odd: Start, odd_answers: dict[str, Any]) -> None:
    answers = [(b'{"error": "The batch scheduling queue is full"}', "503 Service Unavailable")] * 2
    answers.append((odd_answers["good"](), "200 OK"))
    server = odd(lambda _, connection: connection.sendall(odd_answers["http"](*answers.pop(0))))
    with SentimentClient(server.address) as client:
        assert client.classify(["x"])[0].label == "正面"
    assert len(server.asked) == 3 and server.connections == 1


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "500 Internal Server Error"])
def test_what_is_not_transient_is_asked_once_and_its_reason_told(
    odd: Start, odd_answers: dict[str, Any], status: str
) -> None:
    server = odd(odd_answers["says"](b'{"error": "the server\\nsays no"}', status))
    with (
        SentimentClient(server.address) as client,
        pytest.raises(ClientError, match=rf"HTTP {status[:3]}: the server says no$"),
    ):
        client.classify(["x"])
    assert len(server.asked) == 1


def test_a_failing_canary_is_left_alone_for_a_while(odd: Start, odd_answers: dict[str, Any]) -> None:
    def behave(request: bytes, connection: Any) -> None:
        canary = b"/labels/canary:" in request
        connection.sendall(
            odd_answers["http"](b"{}", "500 No") if canary else odd_answers["http"](odd_answers["good"]())
        )

    server = odd(behave)
    with SentimentClient(server.address, canary_share=1) as client:
        assert all(client.classify(["x"])[0].fell_back for _ in range(20))
    assert sum(b"/labels/canary:" in request for request in server.asked) == 5


def test_connections_are_kept_and_replaced_when_the_server_closes_them(odd: Start, odd_answers: dict[str, Any]) -> None:
    closed = threading.Event()

    def behave(_: bytes, connection: Any) -> None:
        connection.sendall(odd_answers["http"](odd_answers["good"]()))
        if len(server.asked) % 3 == 0:
            connection.shutdown(2)
            closed.set()

    server = odd(behave)
    with SentimentClient(server.address, tries=1) as client:
        for number in range(1, 10):
            assert client.classify(["x"])[0].label == "正面"
            if number % 3 == 0:  # a request sent before the server has closed would reach it, and be counted twice
                assert closed.wait(10)
                closed.clear()
    assert server.connections == 3


def test_a_request_that_crosses_with_the_servers_closing_is_sent_again(odd: Start, odd_answers: dict[str, Any]) -> None:
    def behave(_: bytes, connection: Any) -> None:
        if len(server.asked) % 2 == 0:
            connection.shutdown(2)  # the kept connection ends while a request is on its way
        else:
            connection.sendall(odd_answers["http"](odd_answers["good"]()))

    server = odd(behave)
    with SentimentClient(server.address, tries=1) as client:
        assert [client.classify(["x"])[0].label for _ in range(5)] == ["正面"] * 5
    assert (server.connections, len(server.asked)) == (5, 9)


def test_an_answer_nobody_asked_for_is_given_to_nobody(odd: Start, odd_answers: dict[str, Any]) -> None:
    """Two answers to one question must not shift all later ones by one."""

    def behave(_: bytes, connection: Any) -> None:
        connection.sendall(odd_answers["http"](odd_answers["good"](label_id=0)))
        connection.sendall(odd_answers["http"](odd_answers["good"](label_id=1)))

    server = odd(behave)
    with SentimentClient(server.address, tries=1) as client:
        for _ in range(3):
            assert client.classify(["x"])[0].label == "正面"
            time.sleep(0.2)


def test_the_request_names_model_label_and_signature(odd: Start, odd_answers: dict[str, Any]) -> None:
    server = odd(odd_answers["says"](odd_answers["good"](2)))
    with SentimentClient(server.address + "/behind/a/proxy/", model="a model") as client:
        client.classify(["好", "壞"])
    head, _, body = server.asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /behind/a/proxy/v1/models/a%20model/labels/stable:predict HTTP/1.1\r\n")
    assert json.loads(body) == {"signature_name": "text", "inputs": {"text": ["好", "壞"]}}
