"""Runs the turns of a load test, each in a process of its own, and returns the measurements."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sentiment import atomic, processes
from sentiment.bench.load import requests as load_requests
from sentiment.bench.load import siege
from sentiment.bench.load.figures import Measured
from sentiment.bench.load.load import GRPC, REST, Job
from sentiment.bench.load.plan import NOTHING, Plan, Turn
from sentiment.bench.load.requests import IDS
from sentiment.bench.load.siege import NAME as SIEGE
from sentiment.bench.load.targets import Running, running
from sentiment.experiments import child
from sentiment.settings import Settings
from sentiment.step import say
from sentiment.text.units import time_left

LOAD, NO_SERVER = "sentiment.bench.load.load", "sentiment.bench.load.nothing"


@dataclass(frozen=True)
class Asked:
    """What every request of a load test has in common."""

    signature: str
    rows: int
    max_seq_length: int
    rate: float
    label: str
    model: str


class LoadTest:
    """Runs the turns, one after the other; `padded` are the targets that are asked with padded ids."""

    def __init__(self, asked: Asked, texts: Sequence[str], work: Path, padded: Collection[str] = ()) -> None:
        self.asked, self.work, self.padded = asked, work, padded
        self._batches = load_requests.batches(texts, asked.rows)
        self._requests: dict[tuple[str, bool], list[bytes]] = {}

    def requests(self, client: str, *, padded: bool = False) -> list[bytes]:
        """Returns the requests for a client, made when first needed, because those for gRPC import TensorFlow."""
        kind = GRPC if client == GRPC else REST
        if (kind, padded) not in self._requests:
            asked, signature = self.asked, IDS if padded else self.asked.signature
            inputs = (
                load_requests.inputs_of(signature, batch, asked.max_seq_length, padded=padded)
                for batch in self._batches
            )
            self._requests[kind, padded] = (
                [load_requests.grpc_request(asked.model, asked.label, signature, one) for one in inputs]
                if kind == GRPC
                else [load_requests.rest_body(signature, one) for one in inputs]
            )
        return self._requests[kind, padded]

    def measure(self, turn: Turn, server: Running) -> Measured:
        """Returns a turn's measurement. Raises: child.Failed when the load fails or its figures do not add up."""
        client, requests = turn.case.client, self.requests(turn.case.client, padded=turn.case.target in self.padded)
        before = server.processor()
        if client == SIEGE:
            url = load_requests.rest_url(server.addresses[REST], self.asked.model, self.asked.label)
            report = siege.load(url, requests, turn.count, turn.case.concurrency, self.work / SIEGE)
            measured = Measured.of_siege(report, turn.count, **self._of_server(server, before))
        else:
            outcome = self._own_load(turn, server.addresses[client], requests)
            measured = Measured.of_outcome(outcome, **self._of_server(server, before))
        if complaint := measured.complaint(turn.count):
            raise child.Failed(complaint)
        return measured

    def _of_server(self, server: Running, before: float | None) -> dict[str, Any]:
        after = server.processor()
        spent = None if before is None or after is None else after - before
        return {"server_processor": spent, "peak_bytes": server.peak_bytes()}

    def _own_load(self, turn: Turn, address: str, requests: Sequence[bytes]) -> dict[str, Any]:
        if turn.case.client == REST:
            address = load_requests.rest_url(address, self.asked.model, self.asked.label)
        rate = 0.0 if turn.case.target == NOTHING else self.asked.rate
        file = self.work / "job.json"
        Job(turn.case.client, address, requests, turn.count, turn.case.concurrency, rate).write(file)
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with processes.running(LOAD, [str(file)], **pipes) as process:
            said, complained = process.communicate()
        if process.returncode != 0:
            raise child.Failed(processes.why_ended(process.returncode, complained.splitlines()))
        outcome: dict[str, Any] = json.loads(said)
        if "refused" in outcome:
            raise child.Failed(f"the first request was refused: {outcome['refused']}")
        return outcome


@contextmanager
def nothing() -> Iterator[Running]:
    """Yields the server that does nothing."""
    with processes.running(NO_SERVER, [], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        yield Running(json.loads(process.stdout.readline()))


def run(plan: Plan, load: LoadTest, settings: Settings, command: Sequence[str] | None) -> list[str]:
    """Runs the missing turns and keeps each finished one; returns a line about each server that did not start."""
    missing = plan.missing()
    done = len(plan.files) - len(missing)
    if done:
        say(f"bench serve: {done} of {len(plan.files)} turns are already finished")
    needed = {turn.case.target for turn in missing}
    with ExitStack() as stack:
        servers, lines = stack.enter_context(
            running([target for target in plan.targets if target.name in needed], settings, command)
        )
        if NOTHING in needed:
            servers[NOTHING] = stack.enter_context(nothing())
        begin, asked = time.monotonic(), 0
        total = sum(turn.count for turn in missing)
        for turn in missing:
            if turn.case.target not in servers:
                continue
            try:
                measured = load.measure(turn, servers[turn.case.target])
            except child.Failed as error:
                lines.append(f"{turn.case}, round {turn.round + 1}: failed: {error}")
                continue
            atomic.write_json(plan.files[turn], asdict(measured))
            asked += turn.count
            left = (total - asked) * (time.monotonic() - begin) / asked
            say(
                f"bench serve: round {turn.round + 1}, {turn.case}: {measured.okay:,} okay, {measured.failed:,} failed,"
                f" {measured.okay / measured.elapsed:,.1f}/s; about {time_left(left)} left"
            )
    return list(dict.fromkeys(lines))
