from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from sentiment.errors import InputError
from sentiment.validation import throwaway
from sentiment.validation.throwaway import NotServedError, ThrowawayServer, throwaway_server

HOLD = """
import sys, time
from pathlib import Path
from sentiment.validation.throwaway import throwaway_server
with throwaway_server({1: Path(sys.argv[1])}, command=[sys.executable, "-c", sys.argv[2]]) as server:
    print(server.pid, server.folder, flush=True)
    time.sleep(600)
"""
# Says AVAILABLE to whoever asks, as quickly as a process can start.
AVAILABLE = """
import http.server, json, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        state = [{"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK"}}]
        self.wfile.write(json.dumps({"model_version_status": state}).encode())
port = next(int(text.split("=")[1]) for text in sys.argv if text.startswith("--rest_api_port="))
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def test_it_serves_what_it_is_given_under_the_labels_that_it_is_given(server: ThrowawayServer) -> None:
    with urllib.request.urlopen(f"{server.rest}/v1/models/sentiment/labels/stable/metadata", timeout=10) as answer:
        assert answer.status == 200
    assert server.load_seconds > 0
    assert 100e6 < server.peak_memory_bytes() < 20e9
    assert server.is_running()


def test_a_version_that_does_not_load_is_refused_with_the_servers_reason(server: ThrowawayServer, copy: Path) -> None:
    file = next((copy / "variables").glob("variables.data-*"))
    os.truncate(file, file.stat().st_size // 2)
    with pytest.raises(NotServedError, match="must load version 90; found ") as refused:
        server.add(90, copy)
    assert refused.value.found == "OUT_OF_RANGE: Read less bytes than requested"
    shutil.rmtree(copy)
    assert server.is_running()


def test_a_server_that_cannot_start_says_its_last_line(exported: Path, flags: list[str]) -> None:
    with (
        pytest.raises(NotServedError, match=r"found .*boom"),
        throwaway_server({1: exported}, flags, command=[sys.executable, "-c", "raise SystemExit('boom')"]),
    ):
        pass


def test_a_command_that_is_not_there_is_one_line(exported: Path) -> None:
    with (
        pytest.raises(InputError, match=r"must start; found .*No such file or directory: '/no/server'"),
        throwaway_server({1: exported}, command=["/no/server"]),
    ):
        pass


def test_one_that_never_answers_is_given_up(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throwaway, "START", 1.0)
    silent = ["sh", "-c", "echo still starting; exec sleep 60"]  # which says so at once, also on a busy machine
    with (
        pytest.raises(NotServedError, match="must start; found not in 1 s; it last said: still starting"),
        throwaway_server({1: exported}, command=silent),
    ):
        pass


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_when_its_owner_is_killed_nothing_is_left(exported: Path, number: signal.Signals) -> None:
    owner = subprocess.Popen([sys.executable, "-c", HOLD, str(exported), AVAILABLE], stdout=subprocess.PIPE, text=True)
    assert owner.stdout
    with owner.stdout:
        pid, folder = owner.stdout.readline().split()
        assert Path("/proc", pid).exists() and Path(folder).is_dir()
        owner.send_signal(number)
        owner.wait(10)
    deadline = time.monotonic() + 10
    while Path("/proc", pid).exists() or Path(folder).exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert exported.is_dir()
