"""`serving/decisions.jsonl`: what a decision spends, once; whoever decides again, or at the same time."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.results import whole

from sentiment import atomic
from sentiment.cli import run
from sentiment.gate.decisions import night
from sentiment.gate.year import YearRule
from sentiment.results.decision import Gate
from sentiment.results.decisions import Decision
from sentiment.results.events import Promoted
from sentiment.run_folder import RunFolder
from sentiment.serving.decisions import decisions_file, read_decisions
from sentiment.settings import Settings, read_settings

Make = Callable[..., Any]
NOW = datetime(2026, 6, 1, tzinfo=UTC)
RULE = YearRule(0.005, 0.05, 250)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evaluation: Make) -> Settings:
    """A home with runs a, b, … whose candidates are a little worse than stable."""
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    found = read_settings()
    for number, name in enumerate("abcdef"):
        made = evaluation([329, 329, 330 - number], [330, 330, 330], 5)
        atomic.write_json(RunFolder.named(found, name).result("evaluate"), made)
    return found


def decisions(settings: Settings) -> list[Decision]:
    return read_decisions(decisions_file(settings))


def ago(days: float) -> str:
    return (NOW - timedelta(days=days)).isoformat(timespec="seconds")


def test_every_decision_spends_its_level_and_the_next_one_knows(settings: Settings) -> None:
    for name in "ab":
        assert run(["gate", "--run", name]) == 0
    first, second = decisions(settings)
    assert (first.run, second.run, first.level) == ("a", "b", 0.05 / 250)
    year = RunFolder.named(settings, "b").read(Gate).year
    assert year is not None and (year.decisions, year.spent) == (1, first.level)
    assert first.sets["frozen"].only_candidate == 5 and first.sets["frozen"].rows == 1200


def test_deciding_again_spends_nothing_more(settings: Settings, evaluation: Make) -> None:
    for _ in range(2):
        assert run(["gate", "--run", "a"]) == 0
    assert len(decisions(settings)) == 1
    assert run(["gate", "--run", "a", "--override-who", "ann", "--override-reason", "few rows"]) == 0
    assert [one.overridden for one in decisions(settings)] == [False, True]
    assert run(["gate", "--run", "b"]) == 0
    year = RunFolder.named(settings, "b").read(Gate).year
    assert year is not None and year.decisions == 1, "an override of the same evaluation is the same decision"
    again = evaluation([329, 329, 330], [330, 330, 330], 5) | {"confidence": {"candidate": {}, "night": None}}
    atomic.write_json(RunFolder.named(settings, "a").result("evaluate"), again)  # with an estimate, at another time
    assert run(["gate", "--run", "a"]) == 0
    year = RunFolder.named(settings, "a").read(Gate).year
    assert year is not None and year.decisions == 1
    other = evaluation([331, 330, 330], [330, 330, 330], 9)
    atomic.write_json(RunFolder.named(settings, "a").result("evaluate"), other)
    assert run(["gate", "--run", "a"]) == 0
    year = RunFolder.named(settings, "a").read(Gate).year
    assert year is not None and year.decisions == 2, "another evaluation is another decision"


def test_a_trial_spends_nothing(settings: Settings) -> None:
    assert run(["gate", "--evaluation", str(RunFolder.named(settings, "a").result("evaluate"))]) == 0
    assert decisions(settings) == []


def test_a_first_model_spends_nothing(settings: Settings, evaluation: Make) -> None:
    atomic.write_json(RunFolder.named(settings, "a").result("evaluate"), evaluation([330, 330, 330], None))
    assert run(["gate", "--run", "a"]) == 0
    assert decisions(settings) == [] and RunFolder.named(settings, "a").read(Gate).pins


def test_two_at_once_do_not_spend_the_same_part(settings: Settings) -> None:
    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(lambda name: _decide_in_a_process(settings, name), "abcdef")) == {0}
    years = [RunFolder.named(settings, name).read(Gate).year for name in "abcdef"]
    assert sorted(year.decisions for year in years if year) == [0, 1, 2, 3, 4, 5]
    assert len(decisions(settings)) == 6


def _decide_in_a_process(settings: Settings, name: str) -> int:
    import subprocess
    import sys

    return subprocess.run([sys.executable, "-m", "sentiment", "gate", "--run", name], capture_output=True).returncode


def test_only_the_last_365_days_count() -> None:
    made = [whole(Decision, at=ago(days), run=str(days), level=0.0002) for days in (1, 100, 364.9, 365.1, 900)]
    promoted = [Promoted(version=number, at=ago(days)) for number, days in enumerate((2, 366), 1)]
    found = night(RULE, made, promoted, NOW, ("", ""))
    assert (found.decisions, found.promotions) == (3, 1)
    assert found.spent == pytest.approx(0.0006)


def test_a_time_that_cannot_be_read_counts() -> None:
    assert night(RULE, [whole(Decision, at="?", run="x", level=0.01)], [], NOW, ("", "")).spent == 0.01


@pytest.mark.parametrize("line", ['{"at": 1}', "[]", "{"])
def test_a_damaged_line_is_one_line_and_no_decision(
    settings: Settings, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    decisions_file(settings).parent.mkdir(parents=True, exist_ok=True)
    decisions_file(settings).write_text(line + "\n")
    assert run(["gate", "--run", "a"]) == 2
    told = capsys.readouterr().err
    assert "line 1 of" in told and "decisions.jsonl" in told and told.count("\n") == 1
    assert not RunFolder.named(settings, "a").result("gate").exists()


def test_it_quotes_no_posts(settings: Settings, flipped: Make, evaluation: Make) -> None:
    found = evaluation([329, 329, 330], [330, 330, 330], 5)
    found["sets"]["frozen"]["regressions"] = [flipped("機密的貼文")]
    atomic.write_json(RunFolder.named(settings, "a").result("evaluate"), found)
    assert run(["gate", "--run", "a"]) == 0
    assert "機密" not in decisions_file(settings).read_text()
    assert json.loads(decisions_file(settings).read_text())["verdict"] == "worse"
