from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.results import whole

from sentiment.language import speaking
from sentiment.probe.decision import good_minutes
from sentiment.probe.gauges import of_probes
from sentiment.probe.record import append, probes_file
from sentiment.probe.standing import standing, trial_told
from sentiment.results.probe import Probe
from sentiment.settings import Settings
from sentiment.status.canary import told

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


RECORDED = "Nothing changed: version 7 is withdrawn; there is no canary now."  # a sentence of the catalogue
CHINESE = "沒有任何變更：第 7 版的狀態為「已撤回」；目前沒有試行版。"


@pytest.mark.parametrize(
    ("probes", "told"),
    [
        ([], "試行期未滿：還沒有探測過它。正常回答 30 分鐘後，試行期才算滿。"),
        ([probe(0, "good"), probe(5, "good")], "試行期未滿：它已經正常回答了 5 分鐘，需要 30 分鐘。"),
        ([probe(minute, "good") for minute in range(0, 31, 5)], "試行期已滿：它已經正常回答了 30 分鐘。"),
        (
            [probe(0, "bad", reasons=[RECORDED, "遺失"])],
            f"試行不合格：它回答得不好（連續 1 次探測不合格：{CHINESE}；遺失）。",
        ),
    ],
)
def test_how_a_canary_stands_is_told_in_chinese(tmp_path: Path, probes: list[Probe], told: str) -> None:
    settings = Settings(home=tmp_path)
    for found in probes:
        append(probes_file(settings), found)
    with speaking("zh-TW"):
        assert standing(settings, 3) == told


def test_a_trial_is_told_in_chinese() -> None:
    with speaking("zh-TW"):
        assert trial_told(12.7, 30, None) == "試行：30 分鐘中已正常回答 12 分鐘（尚未探測）。"
        assert trial_told(40, 30, "2026-11-22T03:00:00+00:00", datetime(2026, 11, 22, 4, tzinfo=UTC)) == (
            "試行：30 分鐘中已正常回答 30 分鐘（截至 11:00）。"
        )


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+12:00", "2026-99-99", "2026-11-22"])
def test_a_time_that_nobody_can_tell_is_left_as_it_is(at: str) -> None:
    """As it was, the page of the version, and `status`, ended with a stack trace."""
    probes = [probe(0, "good"), probe(5, "good", at=at), probe(10, "good")]
    assert good_minutes(probes) == 10
    assert f"as of {at}." in trial_told(5, 30, at)
    trial = {"version": 3, "since": at, "wanted_minutes": 30}
    assert f"is the canary since {at}." in " ".join(told({**trial, "asked": False}, None))
    figures = of_probes([probe(15, "good", at=at)], Settings())
    assert "sentiment_probe_timestamp_seconds" not in {each.name for each in figures if each.samples}
