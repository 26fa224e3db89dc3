"""The load of a soak, as a process of its own: `load.py GRPC REST FOLDER RATE WORKERS`, until its stdin ends.

Every answer is a line of FOLDER/answers.jsonl: [begin, end, label, transport, rows, version, answered, error].
Times are of the machine's monotonic clock, which all processes share.
"""

from __future__ import annotations

import http.client
import json
import os
import queue
import random
import socket
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
from questions import HOSTILE_GRPC, HOSTILE_REST, Mixed, Question, question
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from sentiment.tensorflow_setup import tf

DEADLINE = 30.0  # seconds
IDLE_SECONDS = 2.0  # after which a connection is not trusted any more
CANARY, HOSTILE, VERSIONLESS = 0.2, 0.06, 0.04  # shares of the requests


class Caller:
    """One client: its own gRPC connection and its own HTTP connection."""

    def __init__(self, address: str, rest: str, seed: int) -> None:
        self.chance = random.Random(seed)
        self.address, self.rest = address, urlsplit(rest)
        channel = grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])
        self.stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        self.http, self.used = self.connect(), time.monotonic()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.rest.hostname or "", self.rest.port, timeout=DEADLINE)

    def reconnect(self) -> None:
        self.http.close()
        self.http = self.connect()

    def one(self) -> list[Any]:
        """Asks one request and returns its line."""
        dice = self.chance.random()
        if dice < HOSTILE:
            return self.hostile()
        label = "canary" if dice < HOSTILE + CANARY else "" if dice < HOSTILE + CANARY + VERSIONLESS else "stable"
        asked = question(self.chance)
        ask, transport = self.chance.choice([(self.ask_grpc, "grpc"), (self.ask_rest, "rest")])
        begin = time.monotonic()
        version, answered, error = ask(asked, label)
        return [begin, time.monotonic(), label, transport, asked.rows, version, answered, error]

    def ask_grpc(self, asked: Question, label: str) -> tuple[int | None, str | None, str]:
        try:
            response = self.stub.Predict(grpc_request(asked.signature, asked.inputs, label), timeout=DEADLINE)
        except grpc.RpcError as error:
            return None, None, f"{error.code().name}: {error.details()}"
        version = response.model_spec.version.value
        outputs = {name: tf.make_ndarray(value) for name, value in response.outputs.items()}
        if "label" in outputs:
            outputs["label"] = [text.decode() for text in outputs["label"]]
        try:
            return version, asked.read(outputs), ""
        except Mixed as error:
            return version, None, f"MIXED: {error}"

    def ask_rest(self, asked: Question, label: str) -> tuple[int | None, str | None, str]:
        path = f"/v1/models/sentiment{f'/labels/{label}' if label else ''}:predict"
        status, answer = self.post(path, asked.body())
        if status != 200:
            return None, None, f"HTTP {status}: {answer}"
        found = json.loads(answer)
        if asked.signature == "text":
            outputs = {"label": [row["label"] for row in found["predictions"]]}
        else:
            outputs = {"probabilities": found["outputs"]}
        try:
            return None, asked.read(outputs), ""
        except Mixed as error:
            return None, None, f"MIXED: {error}"

    def post(self, path: str, body: bytes) -> tuple[int, str]:
        """Returns status and text of the answer; status 0 when the connection failed.

        A server may close a connection that was idle for so long, at any time: such a one is not used again.
        """
        if time.monotonic() - self.used > IDLE_SECONDS:
            self.reconnect()
        try:
            self.http.request("POST", path, body, {"Content-Type": "application/json"})
            response = self.http.getresponse()
            return response.status, response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self.reconnect()
            return 0, f"{type(error).__name__}: {error}"
        finally:
            self.used = time.monotonic()

    def hostile(self) -> list[Any]:
        """Asks what must be refused; the error is empty when it was, as a client's error."""
        begin = time.monotonic()
        kind = self.chance.choice((self.hostile_rest, self.hostile_rest, self.hostile_grpc, self.cut_off, self.hasty))
        error = kind()
        return [begin, time.monotonic(), "hostile", kind.__name__, 0, None, None, error]

    def hostile_rest(self) -> str:
        path, body = self.chance.choice(HOSTILE_REST)
        status, answer = self.post(path, body)
        return "" if 400 <= status < 500 else f"{path} {body[:60]!r} → HTTP {status}: {answer[:200]}"

    def hostile_grpc(self) -> str:
        inputs = self.chance.choice(HOSTILE_GRPC)
        try:
            self.stub.Predict(grpc_request("", inputs, "stable"), timeout=DEADLINE)
        except grpc.RpcError as error:
            refused = error.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION)
            return "" if refused else f"{sorted(inputs)} → {error.code().name}: {error.details()}"
        return f"{sorted(inputs)} → answered"

    def cut_off(self) -> str:
        """Leaves in the middle of a request, on either port."""
        host, port = self.address.rsplit(":", 1)
        port = self.chance.choice((port, str(self.rest.port)))
        try:
            with socket.create_connection((host, int(port)), timeout=DEADLINE) as connection:
                connection.sendall(b"POST /v1/models/sentiment:predict HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{")
        except OSError as error:
            return f"{port}: {error}"
        return ""

    def hasty(self) -> str:
        """Does not wait for the answer."""
        try:
            self.stub.Predict(grpc_request("text", {"text": ["急"]}, "stable"), timeout=0.001)
        except grpc.RpcError as error:
            late = error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            return "" if late else f"a hasty request → {error.code().name}: {error.details()}"
        return ""


def grpc_request(signature: str, inputs: dict[str, Any], label: str) -> Any:
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "sentiment", signature
    if label:
        request.model_spec.version_label = label
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


class Load:
    """The callers, held at `rate` requests a second together, and what they count."""

    def __init__(self, callers: list[Caller], rate: float) -> None:
        self.callers, self.rate = callers, rate
        self.lines: queue.SimpleQueue[list[Any]] = queue.SimpleQueue()
        self.stop = threading.Event()
        self._turn, self._lock = time.monotonic(), threading.Lock()

    def wait_for_turn(self) -> None:
        with self._lock:
            self._turn = max(self._turn + 1 / self.rate, time.monotonic() - 1.0)  # what was missed is not made up for
            turn = self._turn
        self.stop.wait(max(0.0, turn - time.monotonic()))

    def work(self, caller: Caller) -> None:
        while not self.stop.is_set():
            self.wait_for_turn()
            try:
                self.lines.put(caller.one())
            except Exception as error:  # noqa: BLE001 - a caller that dies in silence would look like a quiet server
                self.lines.put([time.monotonic()] * 2 + ["broken", "", 0, None, None, repr(error)])

    def run(self, folder: Path) -> None:
        threads = [threading.Thread(target=self.work, args=(caller,)) for caller in self.callers]
        for thread in threads:
            thread.start()
        with (folder / "answers.jsonl").open("w", encoding="utf-8") as file:
            counts: Counter[str] = Counter()
            while not self.stop.wait(1.0):
                self.write(file, counts, folder)
            for thread in threads:
                thread.join()
            self.write(file, counts, folder)

    def write(self, file: Any, counts: Counter[str], folder: Path) -> None:
        for _ in range(self.lines.qsize()):
            line = self.lines.get()
            counts["requests"] += 1
            counts["failed"] += bool(line[-1]) and line[2] != "canary"
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        file.flush()
        hidden = folder / "progress.hidden"
        hidden.write_text(json.dumps(counts), encoding="utf-8")
        hidden.rename(folder / "progress.json")


def main() -> None:
    address, rest, folder, rate, workers = sys.argv[1:]
    load = Load([Caller(address, rest, seed) for seed in range(int(workers))], float(rate))

    def until_told() -> None:
        sys.stdin.read()
        load.stop.set()

    threading.Thread(target=until_told, daemon=True).start()
    load.run(Path(folder))
    sys.stdout.flush()
    os._exit(0)  # gRPC's threads would have to be waited for


if __name__ == "__main__":
    main()
