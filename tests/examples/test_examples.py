"""The examples do what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sentiment import cli
from sentiment.settings import CHECKOUT, read_settings

EXAMPLES = CHECKOUT / "examples"


def test_the_client_prints_a_line_for_each_text(both: Any) -> None:
    command = [sys.executable, str(EXAMPLES / "client.py"), both.server.rest_url, "推這間店", "噓這間店"]
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


def test_the_label_studio_export_is_taken_in_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    monkeypatch.setenv("SENTIMENT_SETTLE_SECONDS", "0")
    assert cli.run(["ingest", "--source", str(EXAMPLES / "label-studio")]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (result["accepted"], result["quarantined"]) == (3, 0)
