"""`sentiment status` in Traditional Chinese: all that people read, and nothing of what programs read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.english_left import english_left
from support.results import whole

from sentiment.cli import run
from sentiment.data import retraction
from sentiment.data.ledger import opened
from sentiment.data.ledger_batch import Counts
from sentiment.gate.same_rows import Measured, told
from sentiment.language import speaking
from sentiment.probe import likeness, occurrence
from sentiment.probe.record import append, probes_file
from sentiment.probe.served import Looked
from sentiment.probe.standing import trial_told
from sentiment.probe.term import term_of
from sentiment.results.probe import Probe
from sentiment.results.record import as_json
from sentiment.results.served import Finding, KeptAnswers, Occurrence
from sentiment.serving import notes, open_questions
from sentiment.serving.history import read_state
from sentiment.serving.models_config import read
from sentiment.settings import Settings
from sentiment.status import status as status_verb
from sentiment.status.status import describe
from sentiment.status.table import ANSWERS, lines_of
from sentiment.status.wear import INTERRUPTED
from sentiment.text.columns import cells

SERVER = "http://server:8501"


def chinese(status: dict[str, Any]) -> str:
    with speaking("zh-TW"):
        return "\n".join(lines_of(status))


def allowed(settings: Settings, status: dict[str, Any]) -> list[str]:
    """What other modules say (figures, the trial), what people wrote, and what the system's own libraries say."""
    probed = status["probe"]
    with speaking("zh-TW"):
        figures = [told(Measured(**one)) for row in status["versions"] for one in (row["measured"] or {}).values()]
        trial = trial_told(probed["good_minutes"] if probed else 0, 30, probed["at"] if probed else None)
    return [*figures, trial, str(settings.home), "labels at random", "Connection refused", "No such file or directory"]


def likenesses() -> list[Finding]:
    kept = KeptAnswers(texts=["好"], probabilities=[[0.9, 0.1]], within=0.01, labels={"0": "正面"})
    asked = likeness.likeness(SERVER, "stable", 1, kept, [[0.2, 0.8]])
    renamed = likeness.likeness(SERVER, "canary", 2, kept, [[0.9, 0.1]], [(0, "negative")])
    return [asked, renamed, likeness.likeness(SERVER, "stable", 1, kept, [[0.9, 0.1]])]


def looked(settings: Settings) -> dict[str, Looked]:
    """A server that answers otherwise than the history says, in every way that there is; and one that is down."""
    state = read_state(settings)
    odd = likeness.Reported({1: ("AVAILABLE", ""), 7: ("AVAILABLE", "")}, {"stable": 7})
    labels = list(likeness.labels_of(SERVER, state, odd))
    late = likeness.Reported({1: ("AVAILABLE", ""), 2: ("LOADING", "")}, {"stable": 1})
    coming = list(likeness.labels_of(SERVER, state, late))
    nothing = list(likeness.labels_of(SERVER, replace_canary(state), likeness.Reported({}, {"canary": 2, "stable": 1})))
    foreign = list(likeness.foreign_versions(SERVER, state, odd))
    return {
        SERVER: Looked(odd, [*labels, *coming, *nothing, *foreign, *likenesses()]),
        "http://127.0.0.1:9": Looked(ConnectionRefusedError(111, "Connection refused"), []),
    }


def replace_canary(state: Any) -> Any:
    return state._replace(canary=None)


@pytest.fixture
def everything(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home with whatever needs attention: half-made, damaged and strange folders, a bad canary, an old backup."""
    settings = replace(settings, backup_folder=str(tmp_path / "no-folder"))
    monkeypatch.setattr(status_verb, "look", looked)
    (settings.versions / ".3.tmp").mkdir()
    (settings.versions / "77").mkdir()
    (settings.versions / "2" / "saved_model.pb").unlink()
    open_questions.ask(settings, "night", 2)
    term = term_of(settings)
    assert term is not None
    reasons = [
        "9 of 300 questions failed, the limit is 1.0% (it took too long) (at http://a:1)",
        "3.1 percentage points fewer right answers than stable on the same 300 posts, the limit is 2.0",
        "95 % of the answers took up to 90 ms, stable's up to 30 ms, the limit is 2 times as long",
    ]
    at = (datetime.now(UTC) - timedelta(minutes=4)).isoformat(timespec="seconds")
    append(probes_file(settings), whole(Probe, as_json(term), at=at, outcome="bad", reasons=reasons))
    with opened(settings.posts_database) as ledger, ledger.writing() as connection:
        for number in range(1, 8):
            ledger.record(number, f"夜{number}.tsv", f"hash {number}", Counts())
        for number in range(1, 7):
            retraction.change(ledger, connection, number, False, "小明", "labels at random")
    digest = notes.digest_of(read(settings.models_config) or "")
    settings.servers_notes.mkdir(parents=True)
    for name, deaths in (("a", 1), ("b", 3)):
        (settings.servers_notes / name).write_text(notes.Note(notes.HELD, digest, deaths).line, encoding="ascii")
    return settings


def test_nothing_of_a_status_with_everything_in_it_stays_english(everything: Settings) -> None:
    status = describe(read_state(everything), everything)
    text = chinese(status)
    assert english_left(text, *allowed(everything, status), "it took too long") == []
    assert "標籤 stable 目前是第 7 版；歷程則說是第 1 版，該版在那裡的狀態為 AVAILABLE" in text
    assert "第 2 版回答不佳（連續第 1 次不良探測，達 3 次就撤回）：300 個問題中有 9 個失敗，上限為 1.0%" in text
    assert f"待修復：{everything.versions / '.3.tmp'} 是中斷的指令遺留下來的" in text
    assert "交付 6（夜6.tsv）已由 小明 於 20" in text and "另有 1 筆交付已收回" in text
    assert "伺服器 b 暫不載入 models.config，只提供正式版：它在這份設定下當掉了 3 次。" in text


def test_columns_of_chinese_stand_below_each_other(settings: Settings) -> None:
    head, first, second = chinese(describe(read_state(settings), settings)).splitlines()[:3]
    assert head.split() == ["版本", "標籤", "狀態", "固定測試集", "滾動測試集", "筆數", "大小", "距今", "執行"]
    assert second.split()[:3] == ["1", "正式版", "服務中"]
    column = cells(head[: head.index("執行")])
    assert [cells(line[: line.index("第")]) for line in (first, second)] == [column, column]


def server(label: str) -> dict[str, Any]:
    """What is told of a server that failed to load a version, under one label."""
    versions = {"2": {"state": "END", "error": "E7"}}
    told = {"labels": {label: 1}, "versions": versions, "answers": dict(zip("abcdef", ANSWERS, strict=True))}
    return {"reachable": True, "agrees": False, "error": "", **told}


def test_other_states_of_a_home_are_said_in_chinese(settings: Settings) -> None:
    config = settings.models_config
    config.write_text(config.read_text().replace("value: 1", "value: 2"))
    status = describe(read_state(settings), settings)
    backup = {"folder": "/b", "newest": None, "age_seconds": 300_000, "is_old": False, "error": ""}
    since = {"agrees": False, "differs": ["a: b"], "since": "2026-11-27T22:00:00+00:00", "last": ""}
    newest = {**backup, "newest": "home-1"}
    mended = {**status, "edit": None, "backup": newest, "to_mend": ["models.config is older than the history"]}
    states = [
        {**status, "changing": "小王 (`sentiment promote`, process 7 on host, since 10:00:00)"},
        {**status, "edit": "", "backup": backup, "served": since},
        mended,
        {**status, "versions": [], "backup": {**newest, "is_old": True}},
        {**status, "tests": {"sentence": "", "error": INTERRUPTED}},
        {**status, "retracted": {"deliveries": [], "error": "E7"}, "to_mend": [mended["to_mend"][0]]},
        {**status, "servers": {"http://a:1": server("stable"), "http://b:2": server("canary")}},
        {**status, "trial": {**status["trial"], "since": "", "asked": False}},
    ]
    text = "\n".join(map(chinese, states))
    assert english_left(text.replace(status["edit"], ""), *allowed(settings, status)) == []
    assert "有變更正在進行：小王（`sentiment promote`，host 上的程序 7，自 10:00:00 起）" in text
    assert "最近一次備份：3 天前，home-1" in text and "各台伺服器的標籤不一致。" in text
    assert "自 不明時間起" in text and "下一次變更時會修復。" in text and "無法得知哪些交付已收回：E7" in text


@pytest.mark.parametrize(("agrees", "until"), [(True, None), (False, None), (True, "now")])
def test_a_time_when_something_else_answered_is_told_in_chinese(agrees: bool, until: str | None) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    last = Occurrence(since=now, differences=[one.told for one in likenesses()], until=now if until else None)
    with speaking("zh-TW"):
        assert english_left(occurrence.in_words(last, agrees=agrees), *last.differences) == []


def test_only_what_people_read_is_in_their_language(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("SENTIMENT_HOME", str(settings.home))
    monkeypatch.setenv("SENTIMENT_SERVING_URLS", settings.serving_urls)
    said = {}
    for language, options in (("en", []), ("zh-TW", []), ("zh-TW", ["--result", str(tmp_path / "r.json")])):
        monkeypatch.setenv("SENTIMENT_LANGUAGE", language)
        assert run(["status", *options]) == 0
        said[language, bool(options)] = capsys.readouterr()
    english, chinese, logged = said.values()
    assert without_ages(english.out) == without_ages(chinese.out) == without_ages((tmp_path / "r.json").read_text())
    assert "no backup is set" in english.err and "未設定備份" in chinese.err
    assert logged.err.splitlines()[-1] == english.err.splitlines()[-1], "a program's log stays English"


def without_ages(line: str) -> Any:
    found = json.loads(line)
    for version in found["versions"]:
        del version["age_seconds"]
    return json.dumps(found)


def test_an_edit_and_a_restored_history_are_told_in_chinese(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENTIMENT_HOME", str(settings.home))
    monkeypatch.setenv("SENTIMENT_SERVING_URLS", "")
    monkeypatch.setenv("SENTIMENT_LANGUAGE", "zh-TW")
    for option in ("--adopt-config", "--restore-config", "--restore-history"):
        run(["status", option])
    assert [line for line in capsys.readouterr().err.splitlines() if "models.config" in line or "還原" in line] == [
        "models.config 與歷程相符，沒有可採用的修改。",
        "models.config 與歷程相符。",
        "歷程完好，不需要還原。",
    ]
    settings.history.write_bytes(b"")
    run(["status", "--restore-history"])
    told = capsys.readouterr().err
    assert "歷程已從副本還原，共 " in told and "不被接受的檔案保留在" in told
