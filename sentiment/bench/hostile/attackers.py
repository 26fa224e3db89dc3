"""All attacks at once, in a process of their own: `python -m sentiment.bench.hostile.attackers JOB`.

It says "begun" when the silent connections stand, ends with its stdin, and then prints attack → end → count as JSON.
"""

from __future__ import annotations

import base64
import json
import resource
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from sentiment.bench.hostile.attacks import ATTACKS, HOSTILE, Attack, Place
from sentiment.bench.hostile.relay import relay

PAUSE = 0.01  # seconds between one attempt and the next of the same client: it is an attack on the server alone
SETTLE = 1.0  # seconds until all attacks have begun


@dataclass(frozen=True)
class Job:
    """Which server to attack, with which ready-made requests."""

    rest_port: int
    path: str
    grpc_port: int
    requests: Mapping[str, bytes]

    def write(self, file: Path) -> None:
        """Writes the job to a file."""
        kept = {name: base64.b64encode(request).decode("ascii") for name, request in self.requests.items()}
        file.write_text(json.dumps([self.rest_port, self.path, self.grpc_port, kept]), encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> Job:
        """Returns the job in a file."""
        rest_port, path, grpc_port, kept = json.loads(file.read_text(encoding="utf-8"))
        return cls(rest_port, path, grpc_port, {name: base64.b64decode(request) for name, request in kept.items()})


def _repeat(attack: Attack, place: Place, over: threading.Event, ends: Counter[str]) -> None:
    while not over.wait(PAUSE):
        try:
            for end in attack(place, over):
                ends[end] += 1
        except OSError as error:  # no connection, at the moment
            ends[type(error).__name__] += 1


def attack_all(job: Job, over: threading.Event) -> dict[str, dict[str, int]]:
    """Attacks until it is `over`; returns attack → end → count."""
    import grpc

    found: dict[str, Counter[str]] = {name: Counter() for name in ATTACKS}
    with ExitStack() as stack:
        port = stack.enter_context(relay(job.grpc_port, HOSTILE))
        channel = stack.enter_context(grpc.insecure_channel(f"127.0.0.1:{port}"))
        place = Place(job.rest_port, job.path, job.grpc_port, channel, job.requests)
        threads = [
            threading.Thread(target=_repeat, args=(attack, place, over, found[name]))
            for name, (attack, number) in ATTACKS.items()
            for _ in range(number)
        ]
        for thread in threads:
            thread.start()
        over.wait(SETTLE)
        print("begun", flush=True)
        for thread in threads:
            thread.join()
    return {name: dict(ends) for name, ends in found.items()}


def main() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    over = threading.Event()

    def until_told() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=until_told, daemon=True).start()
    print(json.dumps(attack_all(Job.read(Path(sys.argv[1])), over)))


if __name__ == "__main__":
    main()
