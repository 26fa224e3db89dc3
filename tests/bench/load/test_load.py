"""The load, on real sockets: the server that does nothing, and one that refuses."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentiment.bench.load.load import GRPC, REST, Failure, Job, run
from sentiment.bench.load.nothing import ANSWER
from sentiment.bench.load.run import nothing


@pytest.fixture(scope="module")
def addresses() -> Iterator[dict[str, str]]:
    with nothing() as running:
        yield running.addresses


@pytest.mark.parametrize("client", [GRPC, REST])
@pytest.mark.parametrize("workers", [1, 4])
def test_every_request_is_asked_once_and_has_its_response_time(
    addresses: dict[str, str], client: str, workers: int
) -> None:
    outcome = run(Job(client, addresses[client], [b"a", b"bb", b"c"], 50, workers))
    assert (len(outcome.latencies), outcome.errors) == (50, {})
    assert outcome.bytes == 50 * len(ANSWER)
    assert 0 < min(outcome.latencies) <= max(outcome.latencies) <= outcome.elapsed
    assert sum(outcome.latencies) <= workers * outcome.elapsed


def test_with_a_rate_requests_are_due_at_their_time(addresses: dict[str, str]) -> None:
    outcome = run(Job(GRPC, addresses[GRPC], [b"a"], 40, 2, rate=100.0))
    assert outcome.elapsed >= 39 / 100
    assert len(outcome.latencies) == 40


def test_a_job_is_kept_with_its_bytes(tmp_path: Path) -> None:
    job = Job(GRPC, "127.0.0.1:1", [b"\x00\xff", "好".encode()], 7, 3, 2.5)
    job.write(tmp_path / "job.json")
    assert Job.read(tmp_path / "job.json") == job


class Moody(http.server.BaseHTTPRequestHandler):
    """Answers the first request, then refuses every other one."""

    protocol_version = "HTTP/1.1"
    asked = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        Moody.asked += 1
        self.send_response(503 if Moody.asked % 2 == 0 else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


def test_failed_requests_are_counted_by_their_reason_and_keep_their_time() -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Moody)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        outcome = run(Job(REST, f"http://127.0.0.1:{server.server_port}/x", [b"{}"], 20, 1))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert outcome.errors == {"HTTP 503: {}": 10}
    assert len(outcome.latencies) == 20


@pytest.mark.parametrize(("client", "address"), [(GRPC, "127.0.0.1:1"), (REST, "http://127.0.0.1:1/x")])
def test_a_server_that_is_not_there_is_refused_at_once(client: str, address: str) -> None:
    with pytest.raises(Failure, match=r"UNAVAILABLE|ConnectionRefusedError"):
        run(Job(client, address, [b"{}"], 1000, 2))
