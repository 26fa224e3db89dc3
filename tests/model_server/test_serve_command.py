"""The verb: what it says, how it stops, what it refuses."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.unfinished import send_call

from sentiment import cli


def run_serve(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sentiment", "serve", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "default", **environment},
    )


def wait_for_file(path: Path, process: subprocess.Popen[str]) -> Any:
    deadline = time.monotonic() + 90
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return json.loads(path.read_text())


def test_the_command_serves_and_finishes_its_requests_on_sigterm(site: Any, tmp_path: Path) -> None:
    ready, gate = tmp_path / "ready.json", tmp_path / "gate"
    process = run_serve(
        *("--model-config-file", str(site.config), "--port", "0", "--rest-api-port", "0", "--ready-file", str(ready)),
        "--allow_version_labels_for_unavailable_models=true",
    )
    try:
        server = wait_for_file(ready, process)
        assert server["available"] == {"sentiment": [1]}
        answers: list[Any] = []
        body = json.dumps({"signature_name": "wait_for_file", "instances": [str(gate)]}).encode()
        url = f"{server['rest']}/v1/models/sentiment/labels/stable:predict"

        def ask() -> None:
            with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=60) as response:
                answers.append(json.load(response))

        asking = threading.Thread(target=ask)
        asking.start()
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert (process.poll(), answers) == (None, [])
        gate.touch()
        asking.join(30)
        assert answers == [{"predictions": [1]}]
        stdout, stderr = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, stderr
    assert f"gRPC at {server['grpc']}, REST at {server['rest']}, ready after" in stderr
    assert "serving sentiment [1]" in stderr
    assert json.loads(stdout.splitlines()[-1])["available"] == {"sentiment": [1]}
    assert not ready.exists()


@pytest.mark.parametrize("option", ["--port", "--rest-api-port"])
def test_a_port_in_use_is_named_before_anything_is_loaded(
    site: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    monkeypatch.setattr("sentiment.model_server.saved_graph.tf.compat.v1.saved_model.load", None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        other = {"--port": "--rest-api-port", "--rest-api-port": "--port"}[option]
        assert cli.run(["serve", "--model-config-file", str(site.config), option, str(port), other, "0"]) == 2
    error = capsys.readouterr().err
    assert f"found 127.0.0.1:{port}, which it cannot listen on" in error
    assert error.count("\n") == 1


def test_two_servers_never_share_a_grpc_port(site: Any, start: Any) -> None:
    from sentiment.errors import InputError

    client = start(site)
    with pytest.raises(InputError, match=f"127.0.0.1:{client.server.grpc_port}, which it cannot listen on"):
        start(site, grpc_port=client.server.grpc_port)


@pytest.mark.slow
def test_without_draining_a_signal_cuts_off_what_is_in_flight(site: Any, tmp_path: Path) -> None:
    """`main.cc:main` of TensorFlow Serving handles no signal."""
    ready = tmp_path / "ready.json"
    process = run_serve(
        *("--model-config-file", str(site.config), "--port", "0", "--rest-api-port", "0", "--ready-file", str(ready)),
        *("--allow_version_labels_for_unavailable_models=true", "--drain=false"),
    )
    address = urlsplit(wait_for_file(ready, process)["rest"]).netloc
    body = json.dumps({"signature_name": "wait_for_file", "instances": [str(tmp_path / "never")]})
    try:
        with contextlib.closing(http.client.HTTPConnection(address, timeout=30)) as connection:
            connection.request("POST", "/v1/models/sentiment:predict", body)
            time.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            with pytest.raises((http.client.HTTPException, ConnectionError)):
                connection.getresponse()
        assert process.wait(30) == -signal.SIGTERM
    finally:
        process.kill()
        process.communicate()
    assert not ready.exists()


def test_a_missing_configuration_says_what_to_do(tmp_path: Path, capsys: Any) -> None:
    ports = ["--port", "0", "--rest-api-port", "0"]
    assert cli.run(["serve", *ports, "--model-config-file", str(tmp_path / "nothing")]) == 2
    assert "the model configuration must exist" in capsys.readouterr().err


@pytest.mark.slow
def test_a_home_without_a_configuration_gets_one_from_its_history(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    process = run_serve(
        *("--port", "0", "--rest-api-port", "0", "--ready-file", str(ready)), SENTIMENT_HOME=str(tmp_path / "home")
    )
    try:
        assert wait_for_file(ready, process)["available"] == {}
        assert "model_config_list" in (tmp_path / "home" / "serving" / "models" / "models.config").read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_help_does_not_import_tensorflow() -> None:
    script = (
        "import sys; from sentiment import cli; cli.run(['serve', '--help']); assert 'tensorflow' not in sys.modules"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stderr
    assert "--rest-api-port" in answer.stdout


@pytest.mark.slow
def test_what_is_no_request_leaves_no_line_in_the_log(site: Any, tmp_path: Path) -> None:
    """As it was, one connection without the token had the server write 15 MB a second."""
    ready = tmp_path / "ready.json"
    process = run_serve(
        *("--model-config-file", str(site.config), "--port", "0", "--rest-api-port", "0", "--ready-file", str(ready)),
        "--allow_version_labels_for_unavailable_models=true",
        SENTIMENT_SERVING_TOKEN="a-token-of-this-server",
    )
    try:
        address = wait_for_file(ready, process)["grpc"].rsplit(":", 1)
        for name, value in (("x", b"\xff" * 6000), ("grpc-timeout", b"-1S"), ("grpc-encoding", b"none")):
            with socket.create_connection((address[0], int(address[1])), timeout=20) as connection:
                send_call(connection, "/tensorflow.serving.PredictionService/Predict", {name: value})
                assert connection.recv(1 << 16)
    finally:
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=30)
    assert "stopping: " in stderr
    assert not [line for line in stderr.splitlines() if "nvalid" in line or "parsing" in line], stderr
