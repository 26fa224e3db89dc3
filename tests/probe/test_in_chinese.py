"""What `probe`, `watch` and `verify` tell people in Traditional Chinese; their results stay English."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs
from support.english_left import english_left
from support.results import whole
from support.toy_stand import Stand

from sentiment.cli import run
from sentiment.language import recorded, speaking
from sentiment.probe import decision, probe
from sentiment.probe.table import table
from sentiment.probe.verify import sentence
from sentiment.results.probe import Pairs, Probe, Server, Side
from sentiment.results.served import Finding, Occurrence
from sentiment.settings import Settings

AT = "2026-11-27T22:00:00+00:00"
SIDE = Side(answers=300, accuracy=0.81, interval=(0.76, 0.85), errors=9, error="no answer", first_ms=40.0, p50_ms=20.0,
            p95_ms=90.0, p99_ms=99.0)  # fmt: skip
STABLE = structs.replace(SIDE, errors=0, error="", p95_ms=20.0)
PAIRS = Pairs(rows=300, only_stable_right=30, only_canary_right=2, disagreements=40)
BAD = Server(asked=300, stable=STABLE, canary=SIDE, pairs=PAIRS)
LATE = Server(unreachable="label canary is version 2, not version 3")


def chinese(text: str) -> str:
    with speaking("zh-TW"):
        return recorded(text)


def findings() -> list[Finding]:
    said = [
        ("other version", "label canary is unknown; the history says version 2, which is END there"),
        ("refuses", "label stable refuses what version 1 answered at its validation: the model wants tensors"),
        ("not compared", "label canary not compared: version 2 has no kept answers"),
        ("unreachable", "not compared: it cannot be reached (Connection refused)"),
    ]
    return [Finding("http://a:1", "", kind, told) for kind, told in said]  # type: ignore[arg-type]


def test_reasons_of_several_servers_are_each_said() -> None:
    settings = replace(Settings(), canary_errors=0.01, canary_accuracy_drop=0.02, canary_slowdown=2.0)
    kind, reasons = decision.outcome({"http://a:1": BAD, "http://b:2": BAD, "http://c:3": LATE}, settings)
    assert kind == "bad" and len(reasons) == 6
    told = chinese(f"Version 2 answers badly (bad probe 1 in a row, at 3 it is withdrawn): {'; '.join(reasons)}.")
    assert english_left(told, "no answer") == []
    assert "300 個問題中有 9 個失敗，上限為 1.0%（no answer）（於 http://a:1）" in told
    why = f"3 bad probes in a row: {'; '.join(reasons)}"
    for goes_on in ("no version is stable", "version 1 is stable, as before"):
        assert english_left(chinese(f"Version 2 is withdrawn after {why}; {goes_on}."), "no answer") == []
    assert english_left(chinese(why), "no answer") == [], "as the history has it"
    both_fail = Server(asked=300, stable=SIDE, canary=SIDE, pairs=PAIRS)
    assert english_left(chinese(decision.unreachable(both_fail, settings)), "no answer") == []


@pytest.mark.parametrize("last", [None, Occurrence(since=AT, differences=["http://a:1: " + findings()[0].sentence])])
@pytest.mark.parametrize("found", [findings(), findings()[2:], []])
def test_what_verify_finds_is_said_in_chinese(found: list[Finding], last: Occurrence | None) -> None:
    told = chinese(sentence(found, last))
    assert english_left(told, "the model wants tensors", "Connection refused") == []
    if len(found) == 4 and last:
        assert told.startswith(f"自 {AT} 起，實際回答的模型與歷程不符：http://a:1：標籤 canary 目前是不明；歷程則說")


def test_a_probe_is_shown_in_chinese(dry: Stand, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("SENTIMENT_LANGUAGE", "zh-TW")
    note = "the rolling test set has only 3 posts, so the frozen one is used"
    servers = {"http://a:1": BAD, "http://b:2": LATE}
    made = whole(Probe, {"canary": 2, "stable": 1, "since": AT}, at=AT, note=note, servers=servers)
    probe.show(made, probe.NO_CANARY)
    text = capsys.readouterr().err
    assert english_left(text) == []
    assert "".join(text.splitlines()[1].split()) == "準確率95%信賴區間回答錯誤首次msp50msp95msp99ms"
    assert text.splitlines()[-2:] == ["注意：滾動測試集只有 3 則貼文，因此改用固定測試集。", "目前沒有試行版。"]
    assert "they disagree on 40 of 300 (13.3%)" in table(made)


@pytest.mark.parametrize("verb", ["verify", "watch", "probe"])
def test_a_verb_says_it_in_chinese_and_its_result_is_the_same(
    dry: Stand, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    for name, value in dry.environment.items():
        monkeypatch.setenv(name, value)
    said = {}
    for language in ("en", "zh-TW"):
        monkeypatch.setenv("SENTIMENT_LANGUAGE", language)
        assert run([verb]) == 0
        said[language] = capsys.readouterr()
    assert json.loads(said["en"].out) == json.loads(said["zh-TW"].out)
    assert english_left(said["en"].err) and english_left(said["zh-TW"].err, "Connection refused") == []
