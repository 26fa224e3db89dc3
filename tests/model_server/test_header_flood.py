"""Headers that a client sends before it confirms the server's settings, where gRPC does not bound them yet."""

from __future__ import annotations

import gc
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from support.unfinished import greeted, send_headers
from support.waiting import wait_until

from sentiment.model_server import grpc_service, header_flood
from sentiment.model_server.header_flood import HeaderFlood, resident

PREDICT = "/tensorflow.serving.PredictionService/Predict"
MB = 1024 * 1024


def connect(client: Any) -> socket.socket:
    return socket.create_connection(("127.0.0.1", client.server.grpc_port), timeout=20)


def ended(client: Any) -> float:
    """Returns how many connections the server has ended, as its metrics say."""
    lines = client.server.metrics.render().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("sentiment_connections_ended_total "))


@pytest.mark.slow
def test_new_connections_that_fill_the_memory_are_ended_and_others_are_served(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(header_flood, "GROWN_LATELY", 100 * MB)
    assert client.predict({"text": ["好"]}, "text")
    client.server.flood.most = resident() + 300 * MB
    with ThreadPoolExecutor(2) as pool:
        floods = [pool.submit(send_headers, connect(client), PREDICT, 60, confirms=False) for _ in range(2)]
        assert [flood.result() for flood in floods] == [True, True]
    assert client.predict({"text": ["好"]}, "text"), "over the connection that was there before"
    assert ended(client) >= 1
    gc.collect()
    assert wait_until(lambda: resident() < client.server.flood.most), "the memory is given back"


@pytest.mark.slow
def test_whoever_confirms_the_settings_is_bounded_by_grpc(client: Any) -> None:
    assert client.predict({"text": ["好"]}, "text")
    before = resident()
    send_headers(connect(client), PREDICT, 3, confirms=True)
    assert resident() - before < 200 * MB
    assert client.predict({"text": ["好"]}, "text")
    assert ended(client) == 0


@pytest.mark.slow
def test_a_connection_that_never_confirms_them_ends(site: Any, start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grpc_service, "SECONDS_TO_CONFIRM", 1)
    client = start(site)
    with greeted(connect(client), confirms=False) as silent:
        while silent.recv(1 << 16):
            pass
    with greeted(connect(client), confirms=True) as honest:
        honest.settimeout(2)
        with pytest.raises(TimeoutError):
            while honest.recv(1 << 16):
                pass


def test_however_full_the_memory_is_only_new_connections_that_sent_much_are_ended(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    monkeypatch.setattr(header_flood, "GROWN_LATELY", -1)
    flood = HeaderFlood(client.server.grpc_port, told.append)
    flood.most = 0
    much = {"text": ["好" * 10_000]}
    assert client.predict({"text": ["好"]}, "text")
    flood.look()
    assert told == [], "it sent little"
    assert client.predict(much, "text")
    monkeypatch.setattr(header_flood, "SECONDS_TO_CONFIRM", 0)
    for _ in range(2):
        flood.most = resident() + 1024 * MB
        flood.look()  # as it does after five seconds
    monkeypatch.setattr(header_flood, "SECONDS_TO_CONFIRM", 60)
    flood.most = 0
    flood.look()
    assert told == [], "it is not new"
    with grpc.insecure_channel(client.server.grpc_address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        new = type(client)(client.server, channel)
        assert new.predict(much, "text")
        flood.look()
        assert told == [1]
        assert wait_until(lambda: bool(new.predict({"text": ["好"]}, "text"))), "its client connects again"
