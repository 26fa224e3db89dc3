"""The model card: made of what was recorded, whole or not, and harmless whatever somebody wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from support import models_page_homes as homes
from support.english_left import english_left
from support.evaluations import costs, held_cases
from support.page_text import words_left
from support.results import whole, whole_json

from sentiment.cli import run
from sentiment.gate import must_hold
from sentiment.gate.rows import comparison_table, data_lines
from sentiment.gate.same_rows import day, published
from sentiment.gate.same_rows import told as told_of
from sentiment.language import speaking
from sentiment.lineage.card_text import Known, model_card
from sentiment.lineage.model_card import known_of
from sentiment.results.model_card import ModelCard, Teaching
from sentiment.serving.history import read_events, read_state
from sentiment.serving.state import Version
from sentiment.settings import Settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SENTIMENT_HOME", str(tmp_path))
    return tmp_path


def test_it_says_what_for_of_what_how_good_and_who(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    homes.whole_home(home)
    folder = Settings(home=home).trained / "2"
    folder.mkdir(parents=True)
    model = whole_json(
        ModelCard, labels=homes.LABELS, labels_english=["p", "n", "u"], max_seq_length=128, name="tiny", temperature=1.0
    )
    (folder / "model.json").write_text(json.dumps(model), encoding="utf-8")
    assert run(["model-card", "stable"]) == 0
    card = capsys.readouterr().out
    assert "that nobody labelled" not in card
    titles = [line for line in card.splitlines() if line.startswith("#")]
    assert titles == [
        "# Sentiment model, version 2",
        "## Intended use",
        "## Data",
        "## Figures",
        "## Limits",
        "## Who answers for it",
    ]
    for told in (
        "It is stable, published on 23 Nov 2026. Its run is night-2.",
        "one of 3 labels: 正面, 負面, 中立.",
        "30 new rows (正面 10, 負面 10, 中立 10) of delivery 4.",
        "Accuracy, frozen set: 0.810 when published, 23 Nov 2026.",
        "| frozen set | 150 |",
        "the first 128 pieces",
        "gate overridden by bob: all is well",
        "Published by ann on 23 Nov 2026.",
        "Made stable by ann on 23 Nov 2026: better on ptt",
    ):
        assert told in card, told


def test_it_says_what_the_version_costs_and_on_which_machine(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    everything(home)
    assert run(["model-card", "2"]) == 0
    card = capsys.readouterr().out
    assert "| version 2 | 7.6 M | 6.4 MB | 3.30 ms | 0.867 |" in card and "| version 1 | 3.2 M |" in card
    assert "EPYC 7B13, 2 cores, float32" in card and "takes 1.8 times as long for a post as version 1" in card


def test_a_file_gets_the_card_and_stdout_a_summary(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    homes.whole_home(home)
    assert run(["model-card", "3", "--output", str(home / "card.md"), "--result", str(home / "result.json")]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((home / "result.json").read_text()) == {
        "version": 3,
        "output": str(home / "card.md"),
    }  # fmt: skip
    assert (home / "card.md").read_text(encoding="utf-8").startswith("# Sentiment model, version 3\n")


def test_of_a_version_whose_run_is_gone_it_says_what_the_history_knows(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    homes.write_history(home, homes.three_versions())
    assert run(["model-card", "1"]) == 0
    card = capsys.readouterr().out
    assert "It is retired" in card and "901 rows." in card and "No decision of the gate" in card


def test_what_strangers_wrote_is_no_markup(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    homes.whole_home(home, homes.EVIL, homes.EVIL)
    assert run(["model-card", "3"]) == 0
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(capsys.readouterr().out)
    assert "<script" not in shown and "<img" not in shown and "<a " not in shown and "\u202e" not in shown
    assert "evil.example" not in shown


@pytest.mark.parametrize("which", ["9", "canary", "night-2", "-", "²"])
def test_a_version_that_does_not_exist_is_one_line(home: Path, which: str, capsys: pytest.CaptureFixture[str]) -> None:
    homes.write_history(home, homes.steps(1, None))
    assert run(["model-card", which]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


RECORDED = "Nothing changed: version 7 is withdrawn; there is no canary now."  # as a step records it
CHINESE = "沒有任何變更：第 7 版的狀態為「已撤回」；目前沒有試行版。"


def everything(home: Path) -> None:
    """Version 2, and 3 without a model, with all that a card tells; what steps recorded is one English sentence."""
    homes.whole_home(home, why="好")
    found = homes.shown("好吃到哭", "好")
    gate, checks = found["gate"], [{"name": "floor", "passed": False, "decides": True, "sentence": RECORDED}]
    found["gate"] = gate | {"sentence": RECORDED, "checks": checks, "must_hold": held_cases("不是不好")}
    found["gate"]["costs"] = costs((7_600_000, 3.3), (3_200_000, 1.84))
    found["check"] |= {"warnings": [RECORDED]}
    found["validate"] |= {"sentence": RECORDED}
    for night in ("night-2", "night-3"):
        homes.write_run(home, night, {step: whole_json(homes.KINDS[step], part) for step, part in found.items()})
    tests = {name: {"rows": 1200, "sha256": "a" * 64} for name in ("frozen", "rolling")}
    data = {"rows": 902, "per_label": [300, 300, 302], "warm_from": 1, "partial": True, "tests": tests}
    events = homes.three_versions()
    events = [one | {"data": data} if (one["event"], one["version"]) == ("published", 2) else one for one in events]
    homes.write_history(home, events)
    folder = Settings(home=home).trained / "2"
    folder.mkdir(parents=True)
    more = {"type": "bert", "name": "tiny", "encoder": {"address": "hub/tiny@1", "sha256": "b"}, "temperature": 1.0}
    model = whole_json(ModelCard, labels=homes.LABELS, labels_english=["p", "n", "u"], max_seq_length=128, **more)
    (folder / "model.json").write_text(json.dumps(model), encoding="utf-8")


def known(home: Path, number: int) -> Known:
    settings = Settings(home=home)
    unknown = homes.event("withdrawn", 2, who="", why="", at="")
    reasoned = homes.event("canary", 2, why=RECORDED, at="")
    events = [*read_events(settings.history), *homes.typed([unknown, reasoned])]
    return known_of(settings, read_state(settings), events, number)


def elsewhere(found: Known) -> list[str]:
    """Returns what a card says as the gate's mails do, where those are not Chinese: they have their own tests."""
    lines = [day(found.version.published_at), *map(told_of, published(found.version).values())]
    if found.gate:
        table = comparison_table(found.gate, "第 2 版", intervals=True)
        lines += [*data_lines(found.prepare, found.gate.labels), *(cell for row in table for cell in row)]
        lines += [*must_hold.told(found.gate), *found.gate.exceptions]
    return [line for line in lines if words_left(line)]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_everything_on_a_card_is_chinese(home: Path, number: int) -> None:
    everything(home)
    for step in ("gate", "prepare", "check", "validate"):
        (home / "runs" / "night-1" / f"{step}.json").unlink()
    with speaking("zh-TW"):
        card = model_card(known(home, number))
        parts = elsewhere(known(home, number))
    plain = card.replace("\\", "")
    for part in sorted(parts, key=len, reverse=True):
        plain = plain.replace(part, "·")
    names = (
        "night",
        "ann",
        "bob",
        "tiny",
        "bert",
        "hub",
        "sha",
        "McNemar",
        "nightly",
        "airflow",
        "EPYC",
        "float",
        "evaluate",
    )
    plain = plain.replace("better on ptt", "好")
    assert english_left(plain) == [] and words_left(plain.replace("a" * 64, ""), *names) == [], plain
    assert RECORDED not in card and card.count(CHINESE) == {1: 0, 2: 5, 3: 4}[number]


def test_a_chinese_card_reads_as_a_person_writes(home: Path) -> None:
    everything(home)
    with speaking("zh-TW"):
        card = model_card(known(home, 2))
    for line in (
        "# 情緒模型，第 2 版",
        "- 它的回答是 3 種標籤之一：正面、負面、中立。",
        "- 它接續第 1 版訓練，因此也包含那一版的資料。",
        "- 未記錄的人 撤回。",
        f"- ann 設為試行版：{CHINESE}",
        f"- 模型匯出檔：{CHINESE}",
    ):
        assert line in card.splitlines(), card


def test_the_command_writes_it_in_the_language_of_people(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    homes.whole_home(home)
    monkeypatch.setenv("SENTIMENT_LANGUAGE", "zh-TW")
    assert run(["model-card", "stable"]) == 0
    assert capsys.readouterr().out.startswith("# 情緒模型，第 2 版\n\n狀態：正式版，發布於 ")


def test_a_card_of_what_is_hardly_known_is_chinese() -> None:
    version = Version(4, "rolled back", metrics={"frozen": 0.5})
    model = whole(ModelCard, type="custom", name="tiny", max_seq_length=8, labels=[])
    with speaking("zh-TW"):
        card = model_card(Known(version, "", homes.typed([homes.event("rolled_back", 4)]), model))
        empty = model_card(Known(Version(5), "previous"))
    for line in (
        "狀態：已被回復取代。它發布時沒有對應的執行。所提供服務的檔案，其 sha256 為 `–`。",
        "- 沒有記錄它是用什麼訓練的。",
        "- 它是 custom 模型（tiny），有 0 個參數。",
        "- 沒有這一版的把關紀錄。",
    ):
        assert line in card.splitlines(), card
    assert "ann 於" in card and "重新設為正式版" in card
    assert "狀態：前一版。" in empty and "- 沒有任何人的紀錄。" in empty


@pytest.mark.parametrize("titles", [True, False, None])
def test_only_a_model_of_titles_says_that_it_reads_them(
    home: Path, capsys: pytest.CaptureFixture[str], titles: bool | None
) -> None:
    homes.whole_home(home)
    folder = Settings(home=home).trained / "2"
    folder.mkdir(parents=True)
    whole = whole_json(ModelCard, labels=homes.LABELS, temperature=1.0)
    model = {name: value for name, value in whole.items() if name != "titles"}
    model |= {} if titles is None else {"titles": titles}
    (folder / "model.json").write_text(json.dumps(model), encoding="utf-8")
    assert run(["model-card", "stable"]) == 0
    assert ("It reads the title of a thread before the post." in capsys.readouterr().out) == (titles is True)


def test_a_student_says_of_whom_it_learned(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    homes.whole_home(home)
    folder = Settings(home=home).trained / "2"
    folder.mkdir(parents=True)
    teaching = whole_json(Teaching, teacher="big", posts=12000)
    for version, name in ((7, "version 7"), (None, "big")):
        of = {**teaching, "version": version} if version else {k: v for k, v in teaching.items() if k != "version"}
        model = whole_json(ModelCard, labels=homes.LABELS, temperature=1.0, teaching=of)
        (folder / "model.json").write_text(json.dumps(model), encoding="utf-8")
        assert run(["model-card", "stable"]) == 0
        assert f"It learned what {name} says of 12,000 posts that nobody labelled." in capsys.readouterr().out
