"""The plan of a load test: which case is asked how many requests in which round, and where that is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sentiment import atomic
from sentiment.bench.load.figures import Case, Measured
from sentiment.bench.load.load import GRPC, REST
from sentiment.bench.load.siege import NAME as SIEGE
from sentiment.bench.load.targets import Target

NOTHING = "(nothing)"  # the server against which the load itself is measured
MOST_FOR_LIMIT = 2000  # requests that the load itself is measured with


@dataclass(frozen=True)
class Turn:
    """So many requests of a case, in one round."""

    case: Case
    round: int
    count: int


def turns_of(cases: Sequence[Case], requests: int, rounds: int) -> list[Turn]:
    """Returns the turns in their order. Every round begins with another case, so that none always comes first."""
    turns = []
    for number in range(rounds):
        first = number % len(cases)
        for case in (*cases[first:], *cases[:first]):
            # siege's users all ask equally often.
            size = case.concurrency if case.client == SIEGE else 1
            units = max(1, requests // size)
            if count := (units * (number + 1) // rounds - units * number // rounds) * size:
                turns.append(Turn(case, number, count))
    return turns


def row_file(folder: Path, turn: Turn, identity: Mapping[str, Any]) -> Path:
    """Returns where a turn is kept: another file for whatever makes it another measurement."""
    text = json.dumps({"turn": asdict(turn), **identity}, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return folder / f"{turn.case.client}-{turn.case.concurrency}-{turn.round}-{digest}.json"


@dataclass(frozen=True)
class Plan:
    """A whole load test: its servers, its turns, and where each is kept."""

    targets: Sequence[Target]
    turns: Sequence[Turn]
    limits: Sequence[Turn]
    files: Mapping[Turn, Path]

    def missing(self) -> list[Turn]:
        """Returns the turns that no earlier run finished, in their order."""
        return [turn for turn in (*self.limits, *self.turns) if atomic.read_json(self.files[turn]) is None]


def design(
    targets: Sequence[Target],
    clients: Sequence[str],
    concurrencies: Sequence[int],
    requests: int,
    rounds: int,
    identity: Mapping[str, Any],
    rows: Path,
) -> Plan:
    """Returns the turns of every server, client and concurrency."""
    answered = {target.name: dict(target.addresses) or {GRPC: "", REST: ""} for target in targets}
    cases = [
        Case(target.name, client, number)
        for number in concurrencies
        for client in clients
        for target in targets
        if (REST if client == SIEGE else client) in answered[target.name]
    ]
    turns = turns_of(cases, requests, min(rounds, requests))
    own = [client for client in clients if client != SIEGE]
    limits = [
        Turn(Case(NOTHING, client, number), 0, min(requests, MOST_FOR_LIMIT))
        for client in own
        for number in concurrencies
    ]
    of_target = {target.name: target.identity() for target in targets} | {NOTHING: {}}
    files = {
        turn: row_file(rows, turn, {**identity, "target": of_target[turn.case.target]}) for turn in (*turns, *limits)
    }
    return Plan(targets, turns, limits, files)


def measured_of(plan: Plan, turns: Sequence[Turn]) -> dict[Case, list[Measured]]:
    """Returns what is kept of the turns, by case, in the order of the table."""
    found: dict[Case, list[Measured]] = {}
    for turn in sorted(turns, key=lambda turn: turn.round):
        if (row := atomic.read_json(plan.files[turn])) is not None:
            found.setdefault(turn.case, []).append(Measured(**row))
    order = list(dict.fromkeys(turn.case for turn in turns))
    return {case: found[case] for case in order if case in found}
