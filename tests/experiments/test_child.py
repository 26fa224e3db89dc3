from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from sentiment.experiments import child


def test_a_result_is_read_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`status` of a home without a server, whatever else runs on the machine: a verb that is quick."""
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SENTIMENT_SERVING_URLS", "")
    result = child.result_of("sentiment", ["status"], tmp_path / "status.json")
    assert result == json.loads((tmp_path / "status.json").read_text(encoding="utf-8"))


def test_a_mistake_is_the_verbs_own_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["train", "--train", str(tmp_path / "no.tsv"), "--output", str(tmp_path / "model")]
    with pytest.raises(child.Failed, match="No such file: ") as failed:
        child.result_of("sentiment", arguments, tmp_path / "result.json")
    assert failed.value.refused
    assert "    sentiment: No such file: " in capsys.readouterr().err


def test_without_a_result_file_the_last_line_is_the_reason(tmp_path: Path) -> None:
    with pytest.raises(child.Failed, match="No module named nowhere") as failed:
        child.result_of("nowhere", [], tmp_path / "result.json")
    assert not failed.value.refused  # another try may end well


def test_an_earlier_result_is_not_taken_for_this_ones(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text('{"old": true}', encoding="utf-8")
    with pytest.raises(child.Failed):
        child.result_of("nowhere", [], tmp_path / "result.json")
    assert not (tmp_path / "result.json").exists()


def test_a_child_that_takes_too_long_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "sleeper.py").write_text("import time; time.sleep(60)", encoding="ascii")
    began = time.monotonic()
    with pytest.raises(child.Failed, match=r"it took longer than 0\.2 s and was killed"):
        child.result_of("sleeper", [], tmp_path / "result.json", 0.2)
    assert time.monotonic() - began < 30
