"""A server that the conformance tests ask, the models that they give it, and what a request looks like."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
import numpy as np
import pytest

from sentiment.serving.flags import overridden, read_flags
from sentiment.settings import CHECKOUT

WAIT = 30.0
IDS = np.array([[3, 4, 0], [5, 0, 0]], np.int32)
THREE = {"input_ids": IDS, "input_mask": IDS, "segment_ids": IDS}
TEXT = {"text": ["好"]}
ROW = {"input_ids": [3, 4], "input_mask": [1, 1], "segment_ids": [0, 0]}
PREDICT = "/v1/models/sentiment:predict"
_numbers = itertools.count()


@dataclass
class Target:
    """A running server: where it is, and a folder that it sees as `seen_as`.

    `two_polls`: seconds in which it looks at the folders twice.
    """

    client: Any
    folder: Path
    seen_as: str
    two_polls: float

    def model(self, toys: dict[int, Path]) -> Model:
        return Model(self, f"model{os.getpid()}x{next(_numbers)}", toys)

    def serve(self, *models: str) -> Any:
        """Sends the whole configuration: the standing model's, and these."""
        return self.client.reload(f"model_config_list {{ {' '.join(models)} }}")


@dataclass
class Model:
    """A model of one test's own."""

    target: Target
    name: str
    toys: dict[int, Path]

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)

    @property
    def folder(self) -> Path:
        return self.target.folder / self.name

    def add(self, version: int, change: Callable[[Path], None] = lambda _: None, *, name: str = "") -> None:
        """Makes a version folder appear at once, under `name` if it is given, after `change` was done to it."""
        hidden = self.target.folder / f".{self.name}-{version}"
        shutil.copytree(self.toys[version], hidden)
        change(hidden)
        hidden.rename(self.folder / (name or str(version)))

    def remove(self, version: int) -> None:
        """Makes a version folder disappear at once."""
        gone = (self.folder / str(version)).rename(self.target.folder / f".{self.name}-{version}-gone")
        shutil.rmtree(gone)

    def add_held(self, version: int) -> Path:
        """Adds a version whose load lasts until the file exists whose path is returned."""
        gate = f"{self.name}-gate-{version}"
        self.add(version, warm_up_with(("wait_for_file", {"path": [f"{self.target.seen_as}/{gate}"]})))
        return self.target.folder / gate

    def error(self, version: int) -> tuple[str, str]:
        """Returns the code and the message that a version's status tells."""
        _, answer = self.target.client.http(f"/v1/models/{self.name}/versions/{version}")
        status = answer["model_version_status"][0]["status"]
        return status["error_code"], status["error_message"]

    def config(self, policy: str, platform: str = "tensorflow", /, **labels: int) -> str:
        pairs = " ".join(f'version_labels {{ key: "{label}" value: {version} }}' for label, version in labels.items())
        return (
            f'config {{ name: "{self.name}" base_path: "{self.target.seen_as}/{self.name}" '
            f'model_platform: "{platform}" model_version_policy {{ {policy} }} {pairs} }}'
        )

    def serve(self, policy: str, **labels: int) -> Any:
        return self.target.serve(standing_config(self.target), self.config(policy, **labels))

    def serve_versions(self, *versions: int, **labels: int) -> Any:
        return self.serve(specific(*versions), **labels)

    def answers(self, **spec: Any) -> tuple[int, str]:
        """Returns which version answers, and its label for a post without a marker."""
        response = self.target.client.predict(TEXT, "text", model=self.name, **spec)
        return response.model_spec.version.value, response.outputs["label"].string_val[0].decode()

    def states(self) -> dict[int, str]:
        _, answer = self.target.client.http(f"/v1/models/{self.name}")
        return {int(entry["version"]): entry["state"] for entry in answer.get("model_version_status", [])}

    def await_states(self, wanted: dict[int, str]) -> None:
        self.target.client.wait_for(lambda: self.states() == wanted, f"{wanted}; these are {self.states()}")


def lose_the_graph(version_folder: Path) -> None:
    (version_folder / "saved_model.pb").unlink()


def warm_up_with(*requests: tuple[str, dict[str, Any]]) -> Callable[[Path], None]:
    """Returns what writes Predict requests, each a signature and its inputs, into a version as its warm-up."""
    from tensorflow_serving.apis import prediction_log_pb2

    from sentiment.tensorflow_setup import tf

    def write(version_folder: Path) -> None:
        (version_folder / "assets.extra").mkdir()
        with tf.io.TFRecordWriter(str(version_folder / "assets.extra" / "tf_serving_warmup_requests")) as writer:
            for signature, inputs in requests:
                request = (log := prediction_log_pb2.PredictionLog()).predict_log.request
                request.model_spec.signature_name = signature
                for name, value in inputs.items():
                    request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
                writer.write(log.SerializeToString())

    return write


def specific(*versions: int) -> str:
    return "specific { " + " ".join(f"versions: {version}" for version in versions) + " }"


def standing_config(target: Target) -> str:
    return (
        f'config {{ name: "sentiment" base_path: "{target.seen_as}/sentiment" model_platform: "tensorflow" '
        f'model_version_policy {{ {specific(1, 2)} }} version_labels {{ key: "stable" value: 1 }} }}'
    )


@contextlib.contextmanager
def embedded_server(folder: Path) -> Iterator[dict[str, str]]:
    ready, config = folder / "ready.json", folder / "models.config"
    config.write_text("model_config_list {}")
    flags = overridden(
        read_flags(CHECKOUT / "serving" / "flags"),
        port=0,
        rest_api_port=0,
        model_config_file=config,
        model_config_file_poll_wait_seconds=0,
        file_system_poll_wait_seconds=1,
        reload_rpc="loopback",
    )
    command = [sys.executable, "-m", "sentiment", "serve", *flags, f"--ready-file={ready}"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 90
        while not ready.exists():
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        place = json.loads(ready.read_text())
        yield {"grpc": place["grpc"], "rest": place["rest"], "folder": str(folder), "seen_as": str(folder)}
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def ask(client: Any, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Returns status, headers with small letters, and body of an answer over REST, whatever they are."""
    connection = http.client.HTTPConnection(urlsplit(client.server.rest_url).netloc, timeout=WAIT)
    with contextlib.closing(connection):
        connection.request(method, path, body or None, {name.replace("_", "-"): text for name, text in headers.items()})
        response = connection.getresponse()
        found = {name.lower(): text for name, text in response.getheaders()}
        return response.status, found, response.read()


@contextlib.contextmanager
def refused(code: str, message: str = "") -> Iterator[None]:
    with pytest.raises(grpc.RpcError) as caught:
        yield
    assert (caught.value.code().name, message in caught.value.details()) == (code, True), caught.value
