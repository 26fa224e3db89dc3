"""A wrong canary on a real model server: the workflow withdraws it, a mail goes out, and stable never notices."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DagRunState
from sentiment_airflow.steps import step_environment
from support import airflow_home

from sentiment.serving.history import read_events
from sentiment.serving.servers import labelled_version

pytestmark = pytest.mark.slow


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server whose stable is version 1, a good toy, and whose canary is version 2, a wrong one."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("SENTIMENT_SERVING_URLS", address)
    monkeypatch.setenv("SENTIMENT_CANARY_BAD_PROBES", "2")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    python = airflow_home.CHECKOUT / ".venv" / "bin" / "python"
    command = [str(python), str(Path(__file__).with_name("serve_toys.py")), str(home), str(port)]
    home.mkdir(parents=True)
    with (home / "serve.log").open("w") as log:
        process = subprocess.Popen(command, env=step_environment(os.environ, "status"), stdout=log, stderr=log)
    deadline = time.monotonic() + 120
    while not is_canary(address, 2):
        assert process.poll() is None and time.monotonic() < deadline, (home / "serve.log").read_text("utf-8")
        time.sleep(0.2)
    yield address
    process.terminate()
    process.wait(30)


def is_canary(address: str, version: int | None) -> bool:
    try:
        return labelled_version(address, "sentiment", "canary") == version
    except OSError:
        return False


def ask_stable(address: str) -> str:
    body = json.dumps({"signature_name": "text", "instances": ["問"]}).encode()
    request = urllib.request.Request(f"{address}/v1/models/sentiment/labels/stable:predict", data=body)
    with urllib.request.urlopen(request, timeout=20) as response:
        return str(json.load(response)["predictions"][0]["label"])


def test_a_wrong_canary_is_withdrawn_after_two_probes_and_stable_never_notices(
    workflows: dict[str, Any], home: Path, server: str, mails: list[EmailMessage]
) -> None:
    answers: list[str] = []
    over = threading.Event()

    def customer() -> None:
        while not over.wait(0.1):
            answers.append(ask_stable(server))

    asking = threading.Thread(target=customer)
    asking.start()
    watch = workflows["sentiment_canary_watch"]
    assert watch.test().state == DagRunState.SUCCESS and mails == []
    assert watch.test().state == DagRunState.FAILED
    over.set()
    asking.join()
    [mail] = mails
    assert str(mail["subject"]).startswith("Sentiment: version 2 was withdrawn. 2 bad probes in a row: 33.3 percentage")
    last = read_events(home / "serving" / "history.jsonl")[-1]
    assert (last.name, last.version, last.who) == ("withdrawn", 2, "sentiment watch")
    deadline = time.monotonic() + 30
    while not is_canary(server, None):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert set(answers) == {"正面"} and len(answers) > 10
    assert watch.test().state == DagRunState.SUCCESS, "without a canary there is nothing to do"
    assert len(mails) == 1
