"""Puts load on a model server, in a process of its own: `python -m sentiment.bench.load.load JOB`.

`Job.write` makes the file JOB; the outcome is one line of JSON on stdout. Without a rate, the loop is closed: every
worker has its own connection and asks again when it has an answer. With a rate, each request is due at a set time, and
its wait for a worker counts as response time, so that a slow server cannot slow down its own measurement (coordinated
omission). Requests are ready-made bytes: this module does not import TensorFlow and parses nothing.
"""

from __future__ import annotations

import base64
import http.client
import itertools
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sentiment.client.connection import is_idle
from sentiment.client.credentials import credentials

GRPC, REST = "grpc", "rest"
SECURE_GRPC = "grpcs://"
PREDICT = "/tensorflow.serving.PredictionService/Predict"
TIMEOUT = 60.0  # seconds that an answer may take
Ask = Callable[[bytes], int]  # returns the bytes of the answer; raises Failure


class Failure(Exception):
    """A request did not get its answer; the text says why."""


@dataclass(frozen=True)
class Job:
    """What to ask: `count` requests, taken in turn from `requests`, by `workers` at a time.

    `address` is HOST:PORT or grpcs://HOST:PORT for gRPC, and a URL for REST; the token and the authorities are those of
    the environment. `rate` is in requests per second; 0: as fast as answered.
    """

    client: str
    address: str
    requests: Sequence[bytes]
    count: int
    workers: int
    rate: float = 0.0

    def write(self, file: Path) -> None:
        """Writes the job to a file."""
        requests = [base64.b64encode(request).decode("ascii") for request in self.requests]
        file.write_text(json.dumps({**asdict(self), "requests": requests}), encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> Job:
        """Returns the job in a file."""
        kept = json.loads(file.read_text(encoding="utf-8"))
        return cls(**{**kept, "requests": [base64.b64decode(request) for request in kept["requests"]]})


@dataclass
class Outcome:
    """The outcome of a job. `latencies` are the seconds of each request; `errors` counts failures by reason."""

    elapsed: float = 0.0
    latencies: list[float] = field(default_factory=list)
    bytes: int = 0
    errors: dict[str, int] = field(default_factory=dict)  # no Counter: asdict would count its items
    processor: float = 0.0  # seconds that this process itself took


@contextmanager
def grpc_connection(address: str) -> Iterator[Ask]:
    """Yields a function that asks over its own gRPC connection."""
    import grpc

    shown, own = credentials(), [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
    metadata = [(name.lower(), value) for name, value in shown.headers.items()]
    secure = grpc.ssl_channel_credentials(shown.pem()) if address.startswith(SECURE_GRPC) else None
    place = address.removeprefix(SECURE_GRPC)
    channel = grpc.secure_channel(place, secure, options=own) if secure else grpc.insecure_channel(place, options=own)
    call = channel.unary_unary(PREDICT)  # no serializer: bytes in, bytes out

    def ask(request: bytes) -> int:
        try:
            answer: bytes = call(request, timeout=TIMEOUT, metadata=metadata)
        except grpc.RpcError as error:
            raise Failure(f"{error.code().name}: {error.details()}") from None
        return len(answer)

    with channel:
        yield ask


@contextmanager
def rest_connection(address: str) -> Iterator[Ask]:
    """Yields a function that asks over its own HTTP connection, which stays open between requests."""
    parts, shown = urlsplit(address), credentials()
    host, port = parts.hostname or "", parts.port
    connection = (
        http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=shown.context())
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    )
    headers = {"Content-Type": "application/json", **shown.headers}

    def ask(request: bytes) -> int:
        if connection.sock is not None and not is_idle(connection.sock):
            connection.close()  # the server took its place for another, as it may: opened again, as our client does
        try:
            connection.request("POST", parts.path, request, headers)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()  # the next request opens it again
            raise Failure(f"{type(error).__name__}: {error}") from None
        if response.status != 200:
            raise Failure(f"HTTP {response.status}: {answer[:200].decode('utf-8', errors='replace')}")
        return len(answer)

    with closing(connection):
        yield ask


CONNECTIONS: dict[str, Callable[[str], AbstractContextManager[Ask]]] = {GRPC: grpc_connection, REST: rest_connection}


def run(job: Job) -> Outcome:
    """Runs a job. Each worker sends one request before the clock starts. Raises: Failure when that is refused."""
    with ExitStack() as stack:
        connections = [stack.enter_context(CONNECTIONS[job.client](job.address)) for _ in range(job.workers)]
        for connection in connections:
            connection(job.requests[0])
        return _ask_all(job, connections)


def _ask_all(job: Job, connections: Sequence[Ask]) -> Outcome:
    outcome, turns, lock, failed = Outcome(), itertools.count(), threading.Lock(), Counter[str]()
    processor, begin = time.process_time(), time.perf_counter()

    def work(ask: Ask) -> None:
        latencies, size, errors = [], 0, Counter[str]()
        while (turn := next(turns)) < job.count:
            start = time.perf_counter()
            if job.rate:
                due = begin + turn / job.rate
                time.sleep(max(0.0, due - start))
                start = due
            try:
                size += ask(job.requests[turn % len(job.requests)])
            except Failure as failure:
                errors[str(failure)] += 1
            latencies.append(time.perf_counter() - start)
        with lock:
            outcome.latencies += latencies
            outcome.bytes += size
            failed.update(errors)

    workers = [threading.Thread(target=work, args=(ask,)) for ask in connections]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    outcome.errors = dict(failed)
    outcome.elapsed, outcome.processor = time.perf_counter() - begin, time.process_time() - processor
    return outcome


def main() -> None:
    try:
        found: dict[str, Any] = asdict(run(Job.read(Path(sys.argv[1]))))
    except Failure as failure:
        found = {"refused": str(failure)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
