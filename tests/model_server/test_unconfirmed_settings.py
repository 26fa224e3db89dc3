"""Headers that a client sends before it confirms the server's settings, where gRPC does not bound them yet."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from support.unfinished import greeted, send_headers

from sentiment.model_server import grpc_service
from sentiment.processes import memory_bytes

PREDICT = "/tensorflow.serving.PredictionService/Predict"


def connect(client: Any) -> socket.socket:
    return socket.create_connection(("127.0.0.1", client.server.grpc_port), timeout=20)


@pytest.mark.slow
def test_whoever_confirms_the_settings_is_bounded_by_grpc(client: Any) -> None:
    assert client.predict({"text": ["好"]}, "text")
    before = memory_bytes("self")
    send_headers(connect(client), PREDICT, 3, confirms=True)
    assert memory_bytes("self") - before < 200_000_000
    assert client.predict({"text": ["好"]}, "text")


@pytest.mark.slow
def test_a_connection_that_never_confirms_them_ends(site: Any, start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grpc_service, "MILLISECONDS_TO_CONFIRM", 1_000)
    client = start(site)
    with greeted(connect(client), confirms=False) as silent:
        while silent.recv(1 << 16):
            pass
    with greeted(connect(client), confirms=True) as honest:
        honest.settimeout(2)
        with pytest.raises(TimeoutError):
            while honest.recv(1 << 16):
                pass
