"""Those who look, at the status or the metrics, wait for each other in a fair order, and nobody else for them."""

from __future__ import annotations

import contextlib
import http.client
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sentiment.model_server.rest_answers import LOOK_AT_ONCE


def get(client: Any, path: str, source: str) -> int:
    connection = http.client.HTTPConnection(
        "127.0.0.1", client.server.rest_port, timeout=20, source_address=(source, 0)
    )
    with contextlib.closing(connection):
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        return response.status


@pytest.mark.parametrize("path", ["/v1/models/sentiment/metadata", "/v1/models/sentiment", "/metrics"])
def test_one_client_s_many_looks_leave_room_for_another_s(
    client: Any, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    inside, gate, app = threading.Semaphore(0), threading.Event(), client.server._app

    def slow(*_: object) -> Any:
        inside.release()
        gate.wait(20)
        return b"" if path == "/metrics" else {}

    monkeypatch.setattr("sentiment.model_server.rest_answers.answer", slow)
    monkeypatch.setattr(app.answers.metrics, "page", slow)
    with ThreadPoolExecutor(11) as pool:
        try:
            many = [pool.submit(get, client, path, "127.0.0.2") for _ in range(10)]
            for _ in range(LOOK_AT_ONCE // 2):
                assert inside.acquire(timeout=20)
            client.wait_for(lambda: len(app.answers.looking._queue) > 0, "the others to wait")
            assert not inside.acquire(timeout=0.1), "half of what may look at once, and no more"
            another = pool.submit(get, client, path, "127.0.0.3")
            assert inside.acquire(timeout=20)
        finally:
            gate.set()
    assert [one.result() for one in (*many, another)] == [200] * 11
    client.wait_for(lambda: app._places_to_look._held == {} and app.answers.looking._inside == 0, "their places")


def test_the_metrics_are_made_once_a_second_however_many_ask(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics, made = client.server.metrics, list[bytes]()
    render = metrics.render

    def counted() -> bytes:
        made.append(render())
        return made[-1]

    monkeypatch.setattr(metrics, "render", counted)
    monkeypatch.setattr("sentiment.model_server.metrics.SECONDS_OF_A_PAGE", 60.0)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: get(client, "/metrics", "127.0.0.2"), range(60))) == {200}
    assert len(made) == 1
    monkeypatch.setattr("sentiment.model_server.metrics.SECONDS_OF_A_PAGE", 0.0)
    assert get(client, "/metrics", "127.0.0.2") == 200
    assert len(made) == 2
