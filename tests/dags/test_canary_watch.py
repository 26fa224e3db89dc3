"""`sentiment_canary_watch`, run with `dag.test()`: when it asks, when it is red, and what is mailed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DagRunState

Calls = Callable[[], list[list[str]]]
History = Callable[..., None]
SERVED = [("published", 3), ("staged", 3), ("canary", 3)]
SIDE = {"answers": 300, "interval": [0.85, 0.92], "errors": 0, "error": "", "first_ms": 30.0, "p50_ms": 9.0}
SIDE |= {"p95_ms": 14.0, "p99_ms": 20.0}
PROBE = {
    "at": "2026-11-22T10:05:00+00:00",
    "canary": 3,
    "stable": 2,
    "since": "x",
    "outcome": "bad",
    "reasons": ["12.0 percentage points fewer right answers than stable on the same 300 posts"],
    "set": "rolling",
    "note": "",
    "seconds": 1.0,
    "servers": {
        "http://10.0.0.5:8501": {
            "asked": 300,
            "stable": {**SIDE, "accuracy": 0.89},
            "canary": {**SIDE, "accuracy": 0.77},
            "pairs": {"rows": 300, "only_stable_right": 40, "only_canary_right": 4, "disagreements": 51},
        },
        "http://10.0.0.6:8501": {"unreachable": "cannot be reached: connection refused"},
    },
}
HOSTILE = "店員<script>alert(1)</script>很好 http://evil.example"
EXAMPLE = {"text": HOSTILE, "true": 0, "stable": 0, "canary": 1, "confidence": 0.97}
WITHDRAWN = {
    "canary": None,
    "version": 3,
    "stable": 2,
    "healthy": False,
    "withdrawn": True,
    "why": "3 bad probes in a row: 12.0 percentage points fewer right answers",
    "sentence": "Version 3 is withdrawn after 3 bad probes in a row; version 2 is stable, as before.",
    "bad_probes": [PROBE] * 3,
    "probe": {**PROBE, "bad_in_a_row": 3, "good_minutes": 0.0, "baked": False, "sentence": "", "examples": [EXAMPLE]},
}


AGREES = {"agrees": True, "sentence": "Every label answers.", "findings": [], "last": None}
SINCE = "2026-11-22T10:00:00+00:00"
FOUND = {"server": "http://10.0.0.5:8501", "label": "stable", "kind": "another model"}
FOUND["sentence"] = "label stable answers as another model than version 2"
DIFFERS: dict[str, Any] = {
    "agrees": False,
    "sentence": "What answers is not what the history says.",
    "findings": [FOUND],
    "last": {"since": SINCE, "until": None, "differences": [f"{FOUND['server']}: {FOUND['sentence']}"]},
}


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes a `sentiment` command that leaves these results, of `verify` and of any other verb."""

    def make(result: dict[str, Any], verified: dict[str, Any] = AGREES) -> None:
        command = tmp_path / "sentiment"
        source = f"""#!{sys.executable} -IS
import pathlib, sys
result = next(pathlib.Path(text[9:]) for text in sys.argv if text.startswith("--result="))
result.parent.mkdir(parents=True, exist_ok=True)
result.write_text({json.dumps(verified)!r} if sys.argv[1] == "verify" else {json.dumps(result)!r})
"""
        command.write_text(source, encoding="utf-8")
        command.chmod(0o755)
        monkeypatch.setenv("SENTIMENT_COMMAND", str(command))

    return make


def states(run: Any) -> dict[str, str]:
    return {task.task_id: str(task.state) for task in run.get_task_instances()}


def test_without_a_canary_the_servers_are_verified_all_the_same(
    workflows: dict[str, Any], calls: Calls, history: History
) -> None:
    history(*SERVED, ("promoted", 3))
    run = workflows["sentiment_canary_watch"].test()
    wanted = {"verify": "success", "find_canary": "skipped", "watch": "skipped"}
    assert (run.state, states(run)) == (DagRunState.SUCCESS, wanted)
    assert calls() == [["verify"]]


def test_servers_that_differ_are_red_and_mailed_once_as_it_begins_and_once_as_it_is_over(
    workflows: dict[str, Any], history: History, answers: Any, mails: list[EmailMessage]
) -> None:
    history(*SERVED, ("promoted", 3))
    for _ in range(2):
        answers({}, DIFFERS)
        run = workflows["sentiment_canary_watch"].test()
        assert (run.state, states(run)["verify"]) == (DagRunState.FAILED, "failed")
    over = {**DIFFERS["last"], "until": datetime.now(UTC).isoformat(timespec="seconds")}
    for _ in range(2):
        answers({}, {**AGREES, "last": over})
        assert workflows["sentiment_canary_watch"].test().state == DagRunState.SUCCESS
    begun, ended = (str(mail["subject"]) for mail in mails)
    assert begun.startswith("Sentiment: what answers is not what the history says. hxxp[:") and "label stable" in begun
    assert ended == "Sentiment: every server serves again what the history says."


def test_a_canary_that_was_marked_as_found_by_hand_is_not_asked(
    workflows: dict[str, Any], calls: Calls, history: History, mails: list[EmailMessage]
) -> None:
    history(*SERVED)
    run = workflows["sentiment_canary_watch"].test(mark_success_pattern="find_canary")
    assert (states(run)["watch"], calls()) == ("failed", [["verify"]])
    body = mails[0].get_body(("plain",))
    assert body and "watch must be given the result of find_canary; found none" in " ".join(body.get_content().split())


def test_before_anything_was_published_there_is_nothing_to_watch(workflows: dict[str, Any], calls: Calls) -> None:
    assert workflows["sentiment_canary_watch"].test().state == DagRunState.SUCCESS
    assert calls() == [["verify"]]


def test_the_canary_is_named_and_no_folder_is_left_for_each_run(
    workflows: dict[str, Any], calls: Calls, history: History, home: Path
) -> None:
    history(*SERVED)
    for _ in range(2):
        assert workflows["sentiment_canary_watch"].test().state == DagRunState.SUCCESS
    assert sorted(calls()) == [["verify"]] * 2 + [["watch", "--version=3"]] * 2
    assert [path.name for path in (home / "runs").iterdir()] == ["sentiment_canary_watch"]


def test_a_withdrawal_is_red_at_once_and_mailed_with_its_numbers(
    workflows: dict[str, Any], history: History, answers: Any, mails: list[EmailMessage]
) -> None:
    history(*SERVED)
    answers(WITHDRAWN)
    run = workflows["sentiment_canary_watch"].test()
    assert (run.state, states(run)["watch"]) == (DagRunState.FAILED, "failed")
    [mail] = mails
    assert str(mail["subject"]).startswith("Sentiment: version 3 was withdrawn. 3 bad probes in a row: 12.0 percentage")
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part
        body = str(part.get_content())
        for told in (
            "0.770",
            "0.890",
            "0 errors",
            "p95 14 ms",
            "51 of 300",
            "900 of 900 questions",
            "connection refused",
            "負面",
            "很好",
        ):
            assert told in body, told
        for told in ("What customers noticed", "nothing", "sentiment canary --version 3", "probes.jsonl"):
            assert told in body, told
        assert "http://evil" not in body and (kind == "plain" or "<script>" not in body)
