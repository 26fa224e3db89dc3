"""The list of refused runs: which, why, in which order, and what there is to look at."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support import models_page_homes as homes
from support.results import whole_json

from sentiment.models_page.ledger import read_ledger
from sentiment.models_page.notices import Notices
from sentiment.models_page.refused import LOOKED_AT, SHOWN, Refused, refused_runs, report_of_run
from sentiment.results.decision import Gate
from sentiment.results.deliveries import Check, Prepare
from sentiment.results.record import StepResult
from sentiment.results.validation import Validation
from sentiment.settings import Settings


def leave(settings: Settings, run: str, kind: type[StepResult], minute: int, **found: Any) -> Path:
    """Leaves a step's result in a run, as if that had been in that minute."""
    path = settings.runs / run / f"{kind.STEP}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole_json(kind, found)), encoding="utf-8")
    os.utime(path, (1_800_000_000 + 60 * minute,) * 2)
    return path


def look(settings: Settings) -> tuple[list[Refused], list[str]]:
    notices = Notices()
    return refused_runs(settings, read_ledger(settings.history).state, notices), notices.lines


def test_each_refusal_is_told_with_its_reasons_the_newest_first(settings: Settings) -> None:
    leave(settings, "worse", Check, 1, passed=True)
    leave(
        settings, "worse", Gate, 2, passed=False, sentence="Worse.", reasons=["負面 recall fell.", "Below the floor."]
    )
    leave(settings, "worse", Prepare, 1, deliveries=[4, 5])
    (settings.runs / "worse" / "model").mkdir()
    (settings.runs / "worse" / "model" / "report.html").write_text("curves")
    leave(settings, "doubtful", Check, 3, passed=False, failed=["Doubtful labels: 67%."])
    (settings.runs / "doubtful" / "suspects.json").write_text("[]")
    slow = {"passed": False, "sentence": "Too slow."}
    leave(settings, "slow", Validation, 4, passed=False, checks=[slow, {"passed": True, "sentence": "It loads."}])
    leave(settings, "silent", Gate, 0, passed=False, sentence="Refused.")
    leave(settings, "good", Gate, 9, passed=True)
    found, notices = look(settings)
    assert notices == [] and [one.run for one in found] == ["slow", "doubtful", "worse", "silent"]
    assert [one.by for one in found] == ["validate", "check", "gate", "gate"]
    assert [one.reasons for one in found] == [
        ["Too slow."],
        ["Doubtful labels: 67%."],
        ["負面 recall fell.", "Below the floor."],
        ["Refused."],
    ]
    assert (found[2].deliveries, found[2].has_report, found[2].has_suspects) == ("4, 5", True, False)
    assert (found[1].deliveries, found[1].has_report, found[1].has_suspects) == ("", False, True)
    assert found[2].at == "2027-01-15 16:02"


def test_a_published_run_was_not_refused(settings: Settings) -> None:
    homes.whole_home(settings.home)
    leave(settings, "night-2", Gate, 1, passed=False)
    assert look(settings)[0] == []


def test_only_the_newest_are_shown(settings: Settings) -> None:
    for number in range(LOOKED_AT + 5):
        leave(settings, f"run-{number}", Gate, number, passed=False)
    assert [one.run for one in look(settings)[0]] == [f"run-{LOOKED_AT + 4 - number}" for number in range(SHOWN)]


@pytest.mark.parametrize("content", ["", "{", '{"passed": 7}'])
def test_a_broken_result_is_a_notice(settings: Settings, content: str) -> None:
    leave(settings, "bad", Gate, 2, passed=False).write_text(content)
    leave(settings, "worse", Gate, 1, passed=False)
    found, notices = look(settings)
    assert [one.run for one in found] == ["worse"] and "gate.json of run bad" in notices[0]


def test_a_link_that_leads_out_of_the_home_is_no_report(settings: Settings, tmp_path: Path) -> None:
    leave(settings, "worse", Gate, 1, passed=False)
    secret = tmp_path.parent / f"{tmp_path.name}-secret.html"
    secret.write_text("secret")
    (settings.runs / "worse" / "model").mkdir()
    (settings.runs / "worse" / "model" / "report.html").symlink_to(secret)
    assert report_of_run(settings, "worse") is None and report_of_run(settings, "../etc") is None
    assert not look(settings)[0][0].has_report
