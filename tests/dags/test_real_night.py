"""One night for real: the workflow runs the real steps, and the canary answers on a real model server."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DagRunState
from sentiment_airflow.steps import step_environment
from support import airflow_home

from sentiment.run_folder import safe_name
from sentiment.validation.throwaway import free_ports

pytestmark = pytest.mark.slow
SENTIMENT = airflow_home.CHECKOUT / ".venv" / "bin" / "sentiment"
THINGS = re.findall("..", "手機餐廳電影飯店耳機客服便當公車相機書店咖啡遊戲網路鍵盤椅子冷氣")
SAYINGS = (
    "推：這間{}真的很棒，下次還會再來，大推",
    "噓：這個{}爛透了，浪費錢，不會再買",
    "請問{}在哪裡買得到，有人知道嗎",
)


def posts(things: list[str]) -> str:
    rows = [f"{saying.format(thing)}\t{label}" for thing in things for label, saying in enumerate(SAYINGS)]
    return "\n".join(["text\tlabel", *rows]) + "\n"


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A model server on a free port, in a home with 36 posts to train on and 12 to test on."""
    for name, things in {"train": THINGS[:12], "test": THINGS[12:15], "latest_test": THINGS[15:]}.items():
        path = home / "datasets" / "old_sentiment" / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(posts(things), encoding="utf-8")
    (home / "datasets" / "inbox").mkdir()
    ports = free_ports(2)
    monkeypatch.setenv("SENTIMENT_SERVING_URLS", f"http://127.0.0.1:{ports[1]}")
    monkeypatch.setenv("SENTIMENT_GATE_FLOOR", "0")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    # An empty models.config: a server without one does not start.
    subprocess.run([SENTIMENT, "status", "--restore-config"], env=step_environment(os.environ, "status"), check=True)
    command = [str(SENTIMENT), "serve", f"--port={ports[0]}", f"--rest-api-port={ports[1]}"]
    with (home / "serve.log").open("w") as log:
        process = subprocess.Popen(command, env=step_environment(os.environ, "status"), stderr=log, stdout=log)
    yield ports[1]
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def test_a_night_ends_with_a_canary_that_answers(workflows: dict[str, Any], home: Path, server: int) -> None:
    run = workflows["sentiment_retrain"].test(run_conf={"num_epochs": 1, "max_seq_length": 32})
    states = {task.task_id: str(task.state) for task in run.get_task_instances()}
    assert states.pop("backup") == "skipped", "no folder for backups is set"
    assert (run.state, set(states.values())) == (DagRunState.SUCCESS, {"success"}), states
    folder = home / "runs" / safe_name(run.run_id)
    assert {path.stem for path in folder.glob("*.json")} >= {
        "prepare",
        "train",
        "evaluation",
        "gate",
        "export",
        "validate",
    }
    status = json.loads(urllib.request.urlopen(f"http://127.0.0.1:{server}/v1/models/sentiment/versions/1").read())
    assert status["model_version_status"][0]["state"] == "AVAILABLE"
    question = json.dumps({"signature_name": "text", "instances": ["推：這間餐廳真的很棒"]}).encode()
    address = f"http://127.0.0.1:{server}/v1/models/sentiment/labels/canary:predict"
    answer = json.loads(urllib.request.urlopen(urllib.request.Request(address, data=question)).read())
    assert answer["predictions"][0]["label"] in ("正面", "負面", "中立")
