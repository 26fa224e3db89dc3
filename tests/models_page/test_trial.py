"""The canary's trial as of now: minutes of good answers, and the last probes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs
from support import models_page_homes as homes

from sentiment.language import speaking
from sentiment.models_page.ledger import read_ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.trial import MOST_PROBES, trial
from sentiment.models_page.version_page import condition_of, version_page
from sentiment.results.probe import Answered, Probe
from sentiment.results.record import decoded
from sentiment.serving.succession import successors
from sentiment.settings import Settings

FIRST = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)  # 07:00 in Taipei


def probes(*outcomes: str, **more: Any) -> list[Probe]:
    """One probe every five minutes."""
    found = []
    for number, outcome in enumerate(outcomes):
        at = (FIRST + timedelta(minutes=5 * number)).isoformat()
        found.append(decoded({**homes.probe(2, 3), "at": at, "outcome": outcome, **more}, Probe, "it", ""))
    return found


@pytest.mark.parametrize(
    ("outcomes", "later", "told"),
    [
        ([], 0, "Trial: 0 of 30 minutes of good answers, not probed yet."),
        (["good"], 0, "Trial: 0 of 30 minutes of good answers, as of 07:00."),
        (["good"] * 4, 0, "Trial: 15 of 30 minutes of good answers, as of 07:15."),
        (["good"] * 20, 0, "Trial: 30 of 30 minutes of good answers, as of 08:35."),
        (["good"] * 3 + ["bad"], 0, "Trial: 0 of 30 minutes of good answers, as of 07:15."),
        (["good"] * 3 + ["unreachable"], 0, "Trial: 10 of 30 minutes of good answers, as of 07:15."),
        (["good"], 2, "Trial: 0 of 30 minutes of good answers, as of 23 Nov 07:00 (Taipei)."),
    ],
)
def test_the_progress_is_told_as_of_the_last_probe(
    settings: Settings, outcomes: list[str], later: int, told: str
) -> None:
    now = FIRST + timedelta(hours=2, days=later)
    assert trial(3, probes(*outcomes), settings, now).sentence == told


def test_the_last_probes_of_this_time_as_the_canary_newest_first(settings: Settings) -> None:
    before, now = probes("good", since="before"), probes(*["good"] * 6, "bad", reasons=["it is\u202e slow"])
    found = trial(3, [*before, *now], settings)
    assert [row.outcome for row in found.rows][::2] == ["bad", "good", "good", "good", "good"]
    assert len(found.rows) == 2 * MOST_PROBES
    asked, unreachable = found.rows[:2]
    assert (asked.at, asked.accuracy, asked.p95, asked.failed) == (
        "2026-11-23 07:30",
        "0.850 / 0.830",
        "12.2 ms / 12.2 ms",
        "0 of 300",
    )
    assert asked.why.startswith("it is") and "\u202e" not in asked.why
    assert (unreachable.server, unreachable.accuracy, unreachable.why) == ("http://two:8501", "–", "no route")


def test_only_the_canarys_page_has_a_trial_and_the_previous_version_is_marked(settings: Settings) -> None:
    homes.whole_home(settings.home)
    ledger = read_ledger(settings.history)
    pages = {number: version_page(ledger, number, settings, Notices()) for number in (1, 2, 3)}
    assert [bool(pages[number].trial) for number in (1, 2, 3)] == [False, False, True]
    assert [pages[number].role for number in (1, 2, 3)] == ["previous", "stable", "canary"]
    assert condition_of(ledger.state.versions[1], successors(ledger.events)) == "retired, followed by version 2"


@pytest.mark.parametrize(("outcome", "told"), [("good", "合格"), ("bad", "不合格"), ("unreachable", "連不上")])
def test_a_trial_is_told_in_chinese(settings: Settings, outcome: str, told: str) -> None:
    with speaking("zh-TW"):
        row = trial(3, probes(outcome), settings).rows[0]
    assert (row.outcome, row.told, row.failed) == (outcome, told, "300 題中 0 題")


def test_the_canarys_share_of_the_requests_is_told_where_a_server_counts_it(settings: Settings) -> None:
    assert trial(3, probes("good", "good"), settings).traffic == ""
    counted = probes("good", "good")
    for number, one in enumerate(counted):
        one.servers["http://one:8501"] = structs.replace(
            one.servers["http://one:8501"], answered=Answered(1000 + 2000 * number, 500 + 100 * number)
        )
    told = (
        "Of 2,100 requests that the model servers counted since 2026-11-23 07:00, the canary answered "
        "4.8\N{NO-BREAK SPACE}%; the system's own checks are among them, but not the probes."
    )
    assert trial(3, counted, settings).traffic == told
    with speaking("zh-TW"):
        assert trial(3, counted, settings).traffic == (
            "模型伺服器自 2026-11-23 07:00 起共計 2,100 次請求，其中 4.8\N{NO-BREAK SPACE}% 由試行版回答；"
            "系統本身的檢查也算在內，但探測不算。"
        )
