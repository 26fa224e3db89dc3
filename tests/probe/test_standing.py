from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.results import whole

from sentiment.probe.record import append, probes_file
from sentiment.probe.standing import standing
from sentiment.results.probe import Probe
from sentiment.settings import Settings

TERM = {"canary": 3, "stable": 2, "since": "2026-11-22T02:00:00+00:00", "reasons": ["5 of 300 questions failed"]}


def probe(minute: int, outcome: str, **more: Any) -> Probe:
    return whole(Probe, {"at": f"2026-11-22T03:{minute:02}:00+00:00", "outcome": outcome, **TERM, **more})


@pytest.mark.parametrize(
    ("probes", "told"),
    [
        ([], "Not baked yet: it has not been probed."),
        ([probe(0, "good"), probe(5, "good")], "Not baked yet: it has answered well for 5 minutes, 30 are required."),
        ([probe(minute, "good") for minute in range(0, 31, 5)], "Baked: it has answered well for 30 minutes."),
        ([probe(0, "good"), probe(5, "bad")], "Not baked: it answers badly (1 bad probes in a row: 5 of 300"),
        ([probe(0, "good", canary=2)], "Not baked yet: it has not been probed."),
        ([probe(0, "unreachable")], "Not baked yet: it has not been probed."),
    ],
)
def test_it_is_told_whether_the_canary_is_baked(tmp_path: Path, probes: list[Probe], told: str) -> None:
    settings = Settings(home=tmp_path)
    for found in probes:
        append(probes_file(settings), found)
    assert standing(settings, 3).startswith(told)
