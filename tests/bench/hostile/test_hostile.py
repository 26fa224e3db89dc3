"""Hostile clients beside honest ones, for some seconds; and what the table says of them."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentiment.bench.hostile.relay import relay
from sentiment.bench.hostile.report import summary
from sentiment.bench.load.figures import Measured
from sentiment.data.tsv import Post, write_posts


def measured(*latencies: float, errors: dict[str, int]) -> Measured:
    outcome = {"latencies": latencies, "elapsed": 1.0, "bytes": 9, "errors": errors, "processor": 0.1}
    return Measured.of_outcome(outcome)


def test_the_table_has_both_halves_the_refusals_and_what_failed() -> None:
    found = {
        "alone": {"rest": measured(0.01, 0.02, errors={})},
        "beside": {"rest": measured(0.03, 0.5, errors={"HTTP 503: full": 1})},
        "attacks": {"bombs": {"RESOURCE_EXHAUSTED": 1200, "OK": 1}},
        "peak_bytes": {"alone": 500_000_000, "beside": 900_000_000},
    }
    result, table = summary(found, 2.0, 1.0)
    assert [(row["half"], row["okay"], row["failed"]) for row in result["rows"]] == [("alone", 2, 0), ("beside", 1, 1)]
    assert table.rows[1] == ["rest, beside hostile ones", "1", "1", "30.0", "500.0", "500.0"]
    assert "bombs: OK × 1, RESOURCE_EXHAUSTED × 1,200" in table.notes
    assert "honest, failed: 1 × HTTP 503: full" in table.notes


def test_the_relay_passes_bytes_on_from_another_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as far, relay(far.getsockname()[1], "127.0.0.2") as port:

        def answer() -> None:
            connection, (address, _) = far.accept()
            with connection:
                connection.sendall(connection.recv(100).upper() + address.encode())

        thread = threading.Thread(target=answer)
        thread.start()
        with socket.create_connection(("127.0.0.1", port), timeout=20) as near:
            near.sendall(b"hello ")
            assert near.makefile("rb").read() == b"HELLO 127.0.0.2"
        thread.join(20)


@pytest.mark.parametrize("options", [[], ["--export", "a=x", "--export", "b=y"]])
def test_exactly_one_export_is_asked(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    assert run("hostile", *options, "--output", tmp_path / "out") == 2
    assert "must be" in capsys.readouterr().err


@pytest.mark.slow
def test_no_honest_request_fails_beside_hostile_clients(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], toys: dict[int, Any]
) -> None:
    write_posts(tmp_path / "posts.tsv", [Post(f"第{number}篇", 0) for number in range(7)])
    options = ["--seconds", "3", "--data", tmp_path / "posts.tsv", "--output", tmp_path / "out"]
    assert run("hostile", "--export", f"toy={toys[1]}", *options) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [(row["client"], row["half"], row["failed"]) for row in result["rows"]] == [
        ("rest", "alone", 0),
        ("grpc", "alone", 0),
        ("rest", "beside", 0),
        ("grpc", "beside", 0),
    ]
    ends = result["attacks"]
    assert set(ends["60 kB that unpack to 60 MB"]) <= {"RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"}
    assert set(ends["100 bytes that claim 100,000 texts"]) <= {"INVALID_ARGUMENT", "RESOURCE_EXHAUSTED"}
    assert set(ends["two lengths"]) <= {"HTTP 400", "cut off"}
    assert result["peak_bytes"]["beside"] < 2e9
