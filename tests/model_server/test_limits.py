"""What the server holds at once, and for how long: beyond, it says so at once instead of growing."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

from sentiment.model_server.rest_limits import RestLimits

PREDICT = "/v1/models/sentiment:predict"
RUNNING = 'sentiment_requests_in_flight{entrypoint="REST"}'
COUNT = "sentiment_requests_total"


def wait_for(gate: Path) -> dict[str, Any]:
    return {"signature_name": "wait_for_file", "instances": [str(gate)]}


def metric(client: Any, line: str) -> float:
    """Returns the sum of the samples that begin with `line`."""
    page = client.server.metrics.render().decode()
    return sum(float(found.rsplit(" ", 1)[1]) for found in page.splitlines() if found.startswith(line))


def test_rest_requests_that_nobody_can_take_are_503_at_once(site: Any, start: Any, tmp_path: Path) -> None:
    client = start(site, rest=RestLimits(threads=1, waiting=1))
    gate = tmp_path / "gate"
    with ThreadPoolExecutor(2) as pool:
        try:
            held = [pool.submit(client.http, PREDICT, wait_for(gate)) for _ in range(2)]
            client.wait_for(
                lambda: metric(client, 'sentiment_requests_in_flight{entrypoint="REST"}') == 1, "one to run"
            )
            time.sleep(0.1)
            answered = client.http(PREDICT, wait_for(gate))
        finally:
            gate.touch()
    assert answered == (503, {"error": "The queue to which this request was submitted is full"})
    assert [call.result()[0] for call in held] == [200, 200]
    assert client.ask("好") == ["正面"]


def test_a_rest_request_that_takes_too_long_is_504(site: Any, start: Any, tmp_path: Path) -> None:
    client = start(site, rest=RestLimits(threads=1, seconds=0.3))
    gate = tmp_path / "gate"
    try:
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda _: client.http(PREDICT, wait_for(gate)), range(2)))
    finally:
        gate.touch()
    assert answers == [(504, {"error": "Timed out before the answer was there"})] * 2
    client.wait_for(lambda: metric(client, RUNNING) == 0, "the thread")
    assert client.ask("好") == ["正面"]
    given_up = f'{COUNT}{{entrypoint="REST",label="",model_name="",status="DEADLINE_EXCEEDED"'
    client.wait_for(lambda: metric(client, given_up) == 1, "the one that waited to be dropped")


def test_a_grpc_request_whose_deadline_passed_while_it_waited_is_not_computed(
    site: Any, start: Any, tmp_path: Path
) -> None:
    client = start(site, grpc_threads=1)
    gate, threads = tmp_path / "gate", []
    try:
        threads = [threading.Thread(target=client.predict, args=({"path": [str(gate)]}, "wait_for_file"))]
        threads[0].start()
        client.wait_for(lambda: metric(client, 'sentiment_requests_in_flight{entrypoint="GRPC"}') == 1, "one to run")
        with pytest.raises(grpc.RpcError) as late:
            client.predict({"text": ["好"]}, "text", timeout=0.3)
        assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    finally:
        gate.touch()
        for thread in threads:
            thread.join()
    client.predict({"text": ["好"]}, "text")
    computed = f'{COUNT}{{entrypoint="GRPC",label="",model_name="sentiment",status="OK"'
    assert metric(client, computed) == 2


def rest_head(body: bytes, *headers: bytes) -> bytes:
    lines = [b"POST %s HTTP/1.1" % PREDICT.encode(), b"Host: x", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


@pytest.mark.parametrize("port", ["REST", "GRPC"])
def test_what_a_client_queued_before_it_left_is_not_computed(
    site: Any, start: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: str
) -> None:
    monkeypatch.setattr("sentiment.model_server.turnstile.SECONDS_BETWEEN_LOOKS", 0.02)
    client = start(site, rest=RestLimits(threads=1), grpc_threads=1)
    turnstile = client.server._app.answers.running if port == "REST" else client.server._calls.running
    gate, body = tmp_path / "gate", json.dumps({"signature_name": "text", "instances": ["好"]}).encode()
    asked: Any = (PREDICT, wait_for(gate)) if port == "REST" else ({"path": [str(gate)]}, "wait_for_file")
    try:
        first = threading.Thread(target=client.http if port == "REST" else client.predict, args=asked)
        first.start()
        client.wait_for(lambda: turnstile._inside == 1, "one to run")
        if port == "REST":
            with socket.create_connection(("127.0.0.1", client.server.rest_port), timeout=20) as connection:
                connection.sendall(rest_head(body) + body)
                client.wait_for(lambda: len(turnstile._queue) == 1, "the other to wait")
        else:
            call = client.channel.unary_unary("/tensorflow.serving.PredictionService/Predict").future(b"")
            client.wait_for(lambda: len(turnstile._queue) == 1, "the other to wait")
            call.cancel()
        places = client.server._app._places if port == "REST" else client.server._calls.places
        client.wait_for(lambda: sum(places._held.values()) == 1, "its place to be free, while the first still runs")
    finally:
        gate.touch()
    first.join()
    assert client.ask("好") == ["正面"]
    done = sum(metric(client, f'{COUNT}{{entrypoint="{port}",label="",model_name="sentiment",status="{status}"')
               for status in ("OK", "INVALID_ARGUMENT"))  # fmt: skip
    assert done == 1 + (port == "REST")


def test_a_client_cannot_take_another_one_s_address(site: Any, start: Any, tmp_path: Path) -> None:
    """uvicorn believes X-Forwarded-For of local clients, unless it is told not to."""
    client = start(site, rest=RestLimits(threads=1, waiting=1))
    gate, answers = tmp_path / "gate", []
    body = json.dumps(wait_for(gate)).encode()
    with contextlib.ExitStack() as stack:
        try:
            for number in range(3):  # of the four places, one client may have two
                connection = socket.create_connection(("127.0.0.1", client.server.rest_port), timeout=20)
                answers.append(stack.enter_context(connection))
                connection.sendall(rest_head(body, b"X-Forwarded-For: 10.0.0.%d" % number) + body)
                time.sleep(0.05)
            assert answers[2].recv(65536).startswith(b"HTTP/1.1 503 ")
        finally:
            gate.touch()
        assert answers[0].recv(65536).startswith(b"HTTP/1.1 200 ")


def test_a_body_that_does_not_arrive_is_408(site: Any, start: Any) -> None:
    client = start(site, rest=RestLimits(seconds_for_body=0.3))
    with socket.create_connection(("127.0.0.1", client.server.rest_port), timeout=20) as connection:
        connection.sendall(b"POST /v1/models/sentiment:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        assert connection.recv(65536).startswith(b"HTTP/1.1 408 ")
    assert client.ask("好") == ["正面"]


def test_all_bodies_together_are_bounded(site: Any, start: Any) -> None:
    client = start(site, rest=RestLimits(all_bodies_bytes=1000))
    body = {"signature_name": "text", "instances": ["x" * 2000]}
    assert client.http(PREDICT, body) == (503, {"error": "The memory for requests is full"})
    assert client.ask("好") == ["正面"]


def test_small_answers_on_a_kept_connection_are_not_held_back(standing: Any) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", standing.server.rest_port, timeout=20)
    seconds = []
    with contextlib.closing(connection):
        for _ in range(9):
            began = time.monotonic()
            connection.request("GET", "/v1/models/sentiment")
            connection.getresponse().read()
            seconds.append(time.monotonic() - began)
    assert min(seconds[1:]) < 0.03, "Nagle's algorithm makes it 0.04"


def test_others_need_not_wait_for_what_a_client_left_inside(
    site: Any, start: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sentiment.model_server.turnstile.SECONDS_BETWEEN_LOOKS", 0.02)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    client, gate = start(site), tmp_path / "gate"
    work, body = client.server._admission._work, json.dumps(wait_for(gate)).encode()
    work._capacity = 1  # one request is as much as is computed at once
    try:
        with socket.create_connection(("127.0.0.1", client.server.rest_port), timeout=20) as connection:
            connection.sendall(rest_head(body) + body)
            client.wait_for(lambda: work._inside > 0, "it to be computed")
        status, answer = client.http(PREDICT, {"signature_name": "text", "instances": ["好"]})
        assert (status, len(answer["predictions"])) == (200, 1)
        assert client.ask("好") == ["正面"]
    finally:
        gate.touch()
    client.wait_for(lambda: not work._passed, "the one that was passed by")
    assert work._inside == 0
