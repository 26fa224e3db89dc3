"""A served graph that would read or write a file is answered by the kernel; nothing looks at it here before."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from support.waiting import wait_until

from sentiment import landlock

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        landlock.version() < landlock.FIRST_WITH_RENAMES, reason="this kernel has no Landlock, or keeps it"
    ),
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose only version reads the file that a client names, and writes another one."""
    from sentiment.tensorflow_setup import tf

    class Hostile(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def read(self, path: Any) -> Any:
            return {"read": tf.map_fn(tf.io.read_file, path)}

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def write(self, path: Any) -> Any:
            with tf.control_dependencies([tf.io.write_file(path[0], "stolen")]):
                return {"wrote": tf.identity(path)}

    hostile, models = Hostile(), tmp_path / "home/serving/models"
    signatures = {"serving_default": hostile.read, "write": hostile.write}
    tf.saved_model.save(hostile, str(models / "sentiment/1"), signatures=signatures)
    config = f'model_config_list {{ config {{ name: "sentiment" base_path: "{models}/sentiment" }} }}'
    (models / "models.config").write_text(config.replace("base_path", 'model_platform: "tensorflow" base_path'))
    return tmp_path / "home"


def ask(rest: str, signature: str, path: Path) -> str:
    body = json.dumps({"signature_name": signature, "inputs": [str(path)]}).encode()
    try:
        with urllib.request.urlopen(f"{rest}/v1/models/sentiment:predict", body, timeout=30) as answer:
            return str(json.load(answer)["outputs"])
    except HTTPError as error:
        return str(json.load(error)["error"])


@pytest.mark.parametrize("own_configuration", [False, True])
def test_a_graph_reads_the_served_alone_and_writes_nothing(own_configuration: bool, home: Path, tmp_path: Path) -> None:
    """With a configuration of somebody's own, which may name any folder, it reads what the server's user may."""
    ready, secret = tmp_path / "ready/server.json", tmp_path / "secret"
    ready.parent.mkdir()
    secret.write_text("the key", encoding="utf-8")
    (home / "serving/history.jsonl").write_text("who said what\n", encoding="utf-8")
    config = home / "serving/models/models.config"
    flags = [f"--model_config_file={config}"] if own_configuration else ["--model_config_file_poll_wait_seconds=1"]
    command = [sys.executable, "-m", "sentiment", "serve", "--port=0", "--rest_api_port=0", *flags]
    with subprocess.Popen(
        [*command, f"--ready-file={ready}"],
        env={**os.environ, "SENTIMENT_HOME": str(home), "TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            assert wait_until(ready.is_file, 90), server.communicate()
            rest = json.loads(ready.read_text(encoding="utf-8"))["rest"]
            assert "model_config_list" in ask(rest, "serving_default", config)
            assert ("the key" if own_configuration else "denied") in ask(rest, "serving_default", secret)
            assert ("who said" if own_configuration else "denied") in ask(
                rest, "serving_default", home / "serving/history.jsonl"
            )
            for stolen in (tmp_path / "stolen", config, home / "datasets", secret):
                assert "Permission denied" in ask(rest, "write", stolen)
        finally:
            server.send_signal(signal.SIGTERM)
        said = server.communicate()[1]
    assert server.returncode == 0 and "does not confine" not in said and "Traceback" not in said
    assert not ready.exists() and not list(tmp_path.glob("sentiment-serve-*"))
    assert secret.read_text(encoding="utf-8") == "the key" and not (tmp_path / "stolen").exists()
