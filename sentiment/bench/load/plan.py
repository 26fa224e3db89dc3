"""The plan of a load test: how many requests each case gets in which round, and where the result is kept."""

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

NOTHING = "(nothing)"  # the server with which the load itself is measured
MOST_FOR_LIMIT = 2000  # requests, at most, for measuring the load itself


@dataclass(frozen=True)
class Turn:
    """A number of requests of one case in one round."""

    case: Case
    round: int
    count: int


def turns_of(cases: Sequence[Case], requests: int, rounds: int) -> list[Turn]:
    """Returns the turns in their order. Each round begins with another case, so that none always comes first."""
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
    """Returns the file of a turn; anything that makes it another measurement makes another file name."""
    text = json.dumps({"turn": asdict(turn), **identity}, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return folder / f"{turn.case.client}-{turn.case.concurrency}-{turn.round}-{digest}.json"


@dataclass(frozen=True)
class Plan:
    """A whole load test: its servers, its turns, and the file of each turn."""

    targets: Sequence[Target]
    turns: Sequence[Turn]
    limits: Sequence[Turn]
    files: Mapping[Turn, Path]

    def missing(self) -> list[Turn]:
        """Returns the turns that no earlier run has finished, in their order."""
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
    """Returns the plan for all servers, clients and concurrencies."""
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
    """Returns the kept measurements of the turns, by case, in the order of the table."""
    found: dict[Case, list[Measured]] = {}
    for turn in sorted(turns, key=lambda turn: turn.round):
        if (row := atomic.read_json(plan.files[turn])) is not None:
            found.setdefault(turn.case, []).append(Measured(**row))
    order = list(dict.fromkeys(turn.case for turn in turns))
    return {case: found[case] for case in order if case in found}
