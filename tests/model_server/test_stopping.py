"""How a server stops while clients are slow, silent or gone: within its time, whatever they do."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.certificates import make_pair

from sentiment.model_server import model_server, servable
from sentiment.model_server.fair import Caller
from sentiment.model_server.refusal import Code, Refusal
from sentiment.model_server.servable import Servable
from sentiment.model_server.tls import Tls
from sentiment.model_server.work import ROWS_OF_A_TURN

PREDICT = b"POST /v1/models/sentiment:predict HTTP/1.1\r\nHost: x\r\n"
WAIT = 15.0  # seconds: less than the time that a server gives requests in flight


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The files of a key and a certificate for 127.0.0.1."""
    return make_pair(tmp_path_factory.mktemp("tls"))


def tls_of(pair: tuple[Path, Path]) -> Tls:
    return Tls(pair[0].read_text(), pair[1].read_text())


def trusting(pair: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(pair[1]))


def has_stopped(client: Any) -> bool:
    """Has the server stop; returns whether it did within `WAIT` seconds."""
    stopping = threading.Thread(target=client.server.stop, daemon=True)
    stopping.start()
    stopping.join(WAIT)
    return not stopping.is_alive()


def test_connections_that_clients_keep_do_not_hold_it(site: Any, start: Any, pair: tuple[Path, Path]) -> None:
    """As it was, each client that kept a connection over TLS, as all do, made a restart half a minute longer."""
    client = start(site, tls=tls_of(pair))
    kept = http.client.HTTPSConnection("127.0.0.1", client.server.rest_port, timeout=20, context=trusting(pair))
    with contextlib.closing(kept):
        kept.request("GET", "/v1/models/sentiment")
        assert kept.getresponse().read()
        assert has_stopped(client)


@pytest.mark.slow
def test_a_client_that_takes_nothing_does_not_hold_it(
    site: Any,
    start: Any,
    pair: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As it was, it ended with a traceback in the log, of a request that was cancelled."""
    monkeypatch.setattr(servable, "MOST_ROWS", 10**6)
    monkeypatch.setattr(model_server, "GRACE_SECONDS", 2)
    client = start(site, tls=tls_of(pair))
    bare = socket.socket()
    bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    bare.settimeout(20)
    bare.connect(("127.0.0.1", client.server.rest_port))
    with trusting(pair).wrap_socket(bare, server_hostname="127.0.0.1") as deaf:
        body = json.dumps({"signature_name": "text", "instances": ["好"] * 65_000}).encode()
        deaf.sendall(PREDICT + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        client.wait_for(lambda: client.server._admission._bytes._held, "its request to be read")
        client.wait_for(lambda: not client.server._app.answers.running._inside, "its answer")
        deaf.sendall(PREDICT + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        late = threading.Timer(0.5, deaf.sendall, [b"null"])
        late.start()
        assert has_stopped(client)
        late.join()
    assert not caplog.records


def test_half_a_request_is_waited_for_only_so_long(
    site: Any, start: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(model_server, "GRACE_SECONDS", 1)
    client = start(site)
    with contextlib.ExitStack() as stack:
        for begun in (b"", b"GET / HT", PREDICT, PREDICT + b"Content-Length: 9\r\n\r\n{"):
            for port in (client.server.rest_port, client.server.grpc_port):
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
                connection.sendall(begun)
        assert has_stopped(client)
    assert not [record for record in caplog.records if record.exc_info]


def test_what_a_client_left_is_not_computed_to_its_end(toys: dict[int, Path]) -> None:
    """As it was, all its turns were computed while nobody else waited, and a server that stopped waited for them."""
    left, texts = threading.Event(), {"text": np.array([b"x"] * 4 * ROWS_OF_A_TURN, object)}
    with contextlib.closing(Servable(toys[1])) as served:
        turns, run = list[int](), served._runs["text"]

        def counted(arrays: Any) -> Any:
            turns.append(len(arrays["text"]))
            left.set()
            return run(arrays)

        served._runs["text"] = counted
        with pytest.raises(Refusal) as refused:
            served.run("text", texts, (), Caller(is_there=lambda: not left.is_set()))
        assert (refused.value.code, turns) == (Code.CANCELLED, [ROWS_OF_A_TURN])
        with pytest.raises(Refusal) as late:
            served.run("text", texts, (), Caller(until=time.monotonic()))
        assert (late.value.code, len(turns)) == (Code.DEADLINE_EXCEEDED, 1)


IMPATIENT = """
import sys
from sentiment import cli
from sentiment.model_server import model_server, serve
model_server.GRACE_SECONDS, serve.SECONDS_TO_UNLOAD = 1, 1.0
sys.exit(cli.run(sys.argv[1:]))
"""


@pytest.mark.slow
def test_a_computation_that_never_ends_ends_with_the_process(site: Any, tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    flags = ["--model-config-file", str(site.config), "--port", "0", "--rest-api-port", "0", "--ready-file", str(ready)]
    process = subprocess.Popen(
        [sys.executable, "-c", IMPATIENT, "serve", *flags, "--allow_version_labels_for_unavailable_models=true"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=dict(os.environ),
    )
    body = json.dumps({"signature_name": "wait_for_file", "instances": [str(tmp_path / "never")]}).encode()
    try:
        deadline = time.monotonic() + 90
        while not ready.exists():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        port = int(json.loads(ready.read_text())["rest"].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(PREDICT + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            time.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            _, stderr = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGTERM
    assert "does not end: the process ends without it" in stderr
    assert not ready.exists()
