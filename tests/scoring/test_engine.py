"""Whether a Ray cluster answers at an address, found out without Ray: it would ask for minutes."""

from __future__ import annotations

import socket
from concurrent import futures

import grpc
import pytest

from sentiment.errors import InputError, UnavailableError
from sentiment.scoring import engine


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SECONDS_TO_ANSWER", 0.5)


def refusal(address: str, kind: type[InputError] = UnavailableError) -> str:
    with pytest.raises(kind) as refused:
        engine.require_answering(address)
    return str(refused.value)


def test_nobody_listens() -> None:
    said = refusal("127.0.0.1:1")
    assert said.startswith("the Ray cluster at 127.0.0.1:1 must answer; found") and "refused" in said


def test_somebody_listens_and_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = refusal(f"127.0.0.1:{silent.getsockname()[1]}")
    assert "does not answer within 0.5 seconds" in said and "\n" not in said


def test_the_address_of_ray_client_is_refused_before_anything_is_asked() -> None:
    assert "found ray://127.0.0.1:1. Run it on a node" in refusal("ray://127.0.0.1:1", InputError)


def test_a_server_that_speaks_grpc_and_what_ray_finds_by_itself_are_let_through() -> None:
    server = grpc.server(futures.ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        engine.require_answering(f"127.0.0.1:{port}")
        engine.require_answering("auto")
    finally:
        server.stop(None)
    assert "must answer" in refusal(f"127.0.0.1:{port}")
