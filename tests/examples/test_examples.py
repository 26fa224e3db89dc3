"""The examples do what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sentiment import cli
from sentiment.data.identity import identity
from sentiment.data.must_hold import read_cases
from sentiment.data.posts import read_posts
from sentiment.settings import CHECKOUT, read_settings

EXAMPLES = CHECKOUT / "examples"
BASE = CHECKOUT / "datasets" / "old_sentiment"


def test_the_client_prints_a_line_for_each_text(standing_both: Any) -> None:
    command = [sys.executable, str(EXAMPLES / "client.py"), standing_both.server.rest_url, "推這間店", "噓這間店"]
    done = subprocess.run(command, cwd=CHECKOUT, env={"PYTHONPATH": str(CHECKOUT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert [line[3] for line in lines] == ["推這間店", "噓這間店"]
    assert all(line[0] in ("正面", "負面", "中立") and line[2] in ("stable", "canary") for line in lines)


def test_the_gate_s_limits_are_settings() -> None:
    lines = (EXAMPLES / "strict-gate.env").read_text(encoding="utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    settings = read_settings(given)
    assert (settings.gate_margin, settings.gate_minimum_rolling) == (0.005, 1000)
    assert settings.gate_floor > read_settings({}).gate_floor


def test_the_cases_that_must_hold_are_sound_and_come_in_pairs() -> None:
    labels = read_settings({}).label_set
    cases = read_cases(EXAMPLES / "must_hold.tsv", labels)
    assert len(cases) >= 30 and {case.post.label for case in cases} == set(range(len(labels)))
    assert all(case.why for case in cases) and 1 <= sum(case.fixed for case in cases) <= 3
    said = {case.post.text: case.post.label for case in cases if not case.post.title}
    swapped = [text for text in said if "青鳥航空" in text]
    assert len(swapped) == 3 and all(said[text] == said[text.replace("青鳥", "藍鯨")] for text in swapped)
    titles = [case for case in cases if [other.post.text for other in cases].count(case.post.text) > 1]
    assert len(titles) == 4 and {case.post.label for case in titles} == {0, 1}
    others = [case for case in cases if not case.fixed]
    assert len(others) >= 20 / 0.82, "so many that a base model holds enough for the check to decide"
    files = [BASE / name for name in ("train.tsv", "test.tsv", "latest_test.tsv")]
    base = {identity(post.text) for path in files for post in read_posts(path, labels)}
    assert base.isdisjoint(identity(case.post.text) for case in cases)


def test_the_label_studio_export_is_taken_in_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    monkeypatch.setenv("SENTIMENT_SETTLE_SECONDS", "0")
    assert cli.run(["ingest", "--source", str(EXAMPLES / "label-studio")]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (result["accepted"], result["quarantined"]) == (3, 0)
