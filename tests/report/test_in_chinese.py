"""A report in Traditional Chinese: everything on the page but names, and nothing in the files beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.english_left import english_left
from support.reports import MakeReport, Report, posts_of

from sentiment.data.tsv import Post
from sentiment.language import recorded, speaking
from sentiment.model.temperature import fit, unfitted
from sentiment.options.training import HYPERPARAMETERS
from sentiment.report import made_of, slices, testing
from sentiment.report.moment import moment
from sentiment.report.page import render
from sentiment.report.render import draw
from sentiment.results.record import as_json

# Names, which no language changes, and the words of the Chinese text that engineers say in English.
NAMES = (
    *("scratch", "toy", "manual__1", "ptt", "dcard", "report", "json", "sentiment", "tensorflow", "custom", "sha256"),
    *("Macro", "F1", "TF", "IDF", "McNemar", "logits", "dropout", "UTC", "min", "train", "load_train", "tsv", "GPU"),
    *("mixed_float16", "test", "test_report", "linear", "auto", "none", "ababababababab"),
)


class Words(HTMLParser):
    """What a reader is shown or read out, but for the posts, their sources and their labels."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.tag, self._open = "", "", [""]
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tag = self.tag or (given.get("lang") or "")
        self.text += f" {given.get('aria-label') or ''} "
        if tag != "meta":
            self._open.append("post" if given.get("class") == "post" else tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass  # a path, a circle: no text

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()
        self.text += " "

    def handle_data(self, data: str) -> None:
        if self._open[-1] not in ("style", "post"):
            self.text += data


def shown(report: Report) -> str:
    """What the page of a report says in Chinese; nothing in it may be English."""
    with speaking("zh-TW"):
        words = Words(render(report))
    assert words.tag == "zh-Hant"
    text = " ".join(words.text.split())
    assert english_left(text, "report.json", "scratch/toy", "sentiment report") == []
    found = set(re.findall(r"[A-Za-z][A-Za-z0-9_]+", text))
    assert not {word for word in found if word not in NAMES and not word.startswith("abab")}
    return text


@pytest.fixture
def whole(make_report: MakeReport) -> Report:
    """A report with every part that a page can have."""
    report = make_report(test=posts_of(300), watermark=12, run="manual__1", warm_start="cd" * 32)
    none, some = {"wanted": None, "available": [9, 9, 9], "added": [4, 4, 4]}, {"new": [5, 2, 1]}
    report["composition"] = {
        "per_label": [{"label": label, "new": 5, "wanted": 8, "available": 20, "added": 8} for label in range(3)],
        "per_source": [{"name": name, "members": 2, **none, **some} for name in ("ptt", "", None)],
        "per_night": [{"name": name, "members": 1, **none, **some} for name in ("base", "2026-11-01", None)],
    }
    report["result"] |= {"devices": ["GPU:0"], "precision": "mixed_float16"}
    report["result"]["scaling"] = {"temperature": 1.7, "rows": 80, "wrong": 20, "why": ""}
    report["analysis"]["uncalibrated"] = {"temperature": 1.7, "expected_calibration_error": 0.1, "loss": 0.7}
    report["hyperparameters"] |= {option.name: option.default or 1 for option in HYPERPARAMETERS}
    report["made"] = "2026-11-05T14:03:00+00:00"
    return report


def test_nothing_on_the_page_is_left_in_english(whole: Report) -> None:
    text = shown(whole)
    accuracy = f"{whole['analysis']['metrics']['accuracy'] * 100:.1f}\N{NO-BREAK SPACE}%".replace("\xa0", " ")
    assert "scratch/toy：訓練報告" in text
    assert f"scratch/toy（2026年11月5日 14:03 UTC 以 60 則貼文訓練）在 300 則測試貼文中答對 {accuracy}；" in text
    assert "logits 除以溫度 1.70，這個溫度是以 80 則保留貼文求出的。在測試貼文上，預期校準誤差" in text
    assert "這個模型是從較早的模型接續訓練的，較早的模型還看過其他貼文；基準模型則沒有。差異的單位是百分點。" in text
    assert "資料截至 第 12 次交付" in text
    assert "其餘所有來源（2 個）" in text and "其餘所有交付（1 次）" in text and "基礎資料" in text
    assert "短：最多 20 個字" in text and "沒有記號" in text and "有標題" in text


def of_a_test(report: Report) -> None:
    report |= {"kind": "test", "data": {"file": "test.tsv", "fingerprint": "ab" * 32}, "result": {"seconds": 62}}
    report["baseline"] = {"available": False, "reason": testing.NOT_AT_HAND}
    del report["composition"], report["hyperparameters"]


def far_worse(report: Report) -> None:
    report["baseline"]["paired"] |= {"only_model": 2, "only_baseline": 30, "p": 0.0001}
    report["baseline"] |= {"rows": 40_000, "of_rows": 90_000}
    report["analysis"]["calibration"] |= {"mean_confidence": 0.99, "expected_calibration_error": 0.1}
    report["result"] |= {"val_loss": [0.5, 0.3, 0.9], "kept_epoch": 3}
    report["inputs"]["files"]["test"] = None


def stopped(report: Report) -> None:
    report["baseline"]["paired"] |= {"only_model": 30, "only_baseline": 2, "p": 0.0001}
    report["analysis"]["calibration"] |= {"mean_confidence": 0.3, "expected_calibration_error": 0.4}
    report["result"] |= {"val_loss": [0.5, 0.3, 0.9], "kept_epoch": 2}


def as_good(report: Report) -> None:
    report["baseline"]["paired"] |= {"only_model": 0, "only_baseline": 0, "p": 1.0}
    report["analysis"]["calibration"]["expected_calibration_error"] = 0.01
    report["result"]["scaling"]["why"] = unfitted(8, 2, 1.0).why
    del report["analysis"]["uncalibrated"]
    report["model"]["data"]["watermark"] = 0


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (of_a_test, ("scratch/toy（2026年11月5日 14:03 UTC 以 test.tsv 測試）", "沒有指紋相符的 train.tsv 或")),
        (
            far_worse,
            ("不如基準模型，而且不是巧合（p < 0.001）：", "從 90,000 則貼文中隨機抽出 40,000 則訓", "過度自信"),
        ),
        (stopped, ("訓練在第 3 輪後停止；模型採用表現最佳的第 2 輪的權重。圓圈", "優於基準模型", "高於它所說的信心")),
        (as_good, ("兩者答對的貼文完全相同。", "只保留了 8 則模型未學過的貼文，而需要 50 則。", "尚無任何交付")),
    ],
)
def test_every_kind_of_report(whole: Report, change: Callable[[Report], None], sentences: tuple[str, ...]) -> None:
    change(whole)
    text = shown(whole)
    assert all(sentence in text for sentence in sentences), text


def test_slices_that_stand_out_and_sources_that_are_called_like_words_of_ours(make_report: MakeReport) -> None:
    test = [Post("短", 0, source=f"來源{row % 20}") for row in range(100)] + [
        Post("長" * 70, 0, source="training")
    ] * 100
    given = np.array([[0.9, 0.1, 0.0]] * 100 + [[0.1, 0.9, 0.0]] * 60 + [[0.9, 0.1, 0.0]] * 40)
    with speaking("zh-TW"):
        text = " ".join(Words(render(make_report(test=test, probabilities=given))).text.split())
    assert "不如整體：長：超過 60 個字（40.0 %）、training（40.0 %）。優於整體：短：最多 20 個字（100.0 %）" in text
    assert "▼ 較差" in text and "其他 9 個來源" in text


def test_without_test_rows_or_held_out_ones(make_report: MakeReport) -> None:
    assert "沒有經過測試：沒有測試貼文。無從得知模型的好壞。" in shown(make_report(test=[])).replace("。 ", "。")
    alone = shown(make_report(test=posts_of(1), probabilities=np.array([[0.9, 0.1, 0.0]]), epochs=1, held_out=False))
    assert "沒有錯誤：每個答案都對。" in alone
    assert "沒有保留驗證用的資料，所以沒有驗證的數字。" in alone
    assert "至少需要兩種標籤的訓練資料，但只有 1 種" in shown(make_report(train=[Post("好", 0)]))


def too_sure_of_some(report: Report) -> None:
    report["analysis"]["calibration"] |= {"mean_confidence": 0.8, "expected_calibration_error": 0.4}
    report["analysis"]["metrics"]["accuracy"] = 0.8
    report["result"] |= {"val_loss": [0.9, 0.5, 0.4], "kept_epoch": 3}
    report["model"]["data"]["fingerprint"] = ""


def levelled_off(report: Report) -> None:
    report["result"] |= {"val_loss": [0.9, 0.4, 0.401], "kept_epoch": 3}
    report["baseline"] = {"available": False, "reason": "there are no test rows"}
    report["analysis"]["slices"][-1]["slices"][0]["name"] = slices.NO_SOURCE


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (too_sure_of_some, ("對另一部分又信心不足", "驗證損失在最後一輪最低", "訓練集 不明")),
        (levelled_off, ("在 3 輪中的第 2 輪之後趨於平穩。", "沒有比較：沒有測試資料。", "未提供來源")),
    ],
)
def test_what_else_it_may_find(whole: Report, change: Callable[[Report], None], sentences: tuple[str, ...]) -> None:
    change(whole)
    text = shown(whole)
    assert all(sentence in text for sentence in sentences), text


def test_every_month_has_its_number() -> None:
    with speaking("zh-TW"):
        told = [moment(f"2026-{month:02}-05T14:03:00+00:00") for month in range(1, 13)]
    assert told == [f"2026年{month}月5日 14:03 UTC" for month in range(1, 13)]


def test_why_a_temperature_stayed_is_known_in_chinese() -> None:
    all_wrong = fit(np.array([[0.1, 0.9]] * 80), np.zeros(80, np.int64))
    for found in (unfitted(0, 0, 1.0), unfitted(8, 2, 1.0), unfitted(80, 3, 1.0), all_wrong):
        with speaking("zh-TW"):
            assert re.search(r"保留.*，而需要 (50|10) 則$", recorded(found.why)), found.why


def test_every_hyperparameter_has_a_name_for_people() -> None:
    assert set(made_of.HYPERPARAMETERS) == {option.name for option in HYPERPARAMETERS}
    assert made_of._called("brand_new") == "brand new"


def test_what_reports_record_does_not_depend_on_a_language() -> None:
    assert testing.NOT_AT_HAND.count(" or ".join(testing.TRAINING_FILES)) == 1
    assert slices.LENGTHS == ("short: up to 20 characters", "middle: 21 to 60", "long: over 60 characters")


def test_the_setting_is_the_page_s_language_and_only_the_page_s(
    make_report: MakeReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_time(report: Any) -> Any:
        return {**report, "made": "", "baseline": {**report["baseline"], "seconds": 0}}

    english = without_time(make_report())
    summary = (tmp_path / "summary.txt").read_text(encoding="utf-8")
    assert '<html lang="en">' in (tmp_path / "report.html").read_text(encoding="utf-8")
    monkeypatch.setenv("SENTIMENT_LANGUAGE", "zh-TW")
    assert without_time(make_report()) == english
    assert (tmp_path / "summary.txt").read_text(encoding="utf-8") == summary
    assert '<html lang="zh-Hant">' in (tmp_path / "report.html").read_text(encoding="utf-8")
    monkeypatch.delenv("SENTIMENT_LANGUAGE")
    draw(tmp_path)
    assert '<html lang="en">' in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert json.loads(json.dumps(as_json(unfitted(0, 0, 1.0))))["why"].startswith("no posts that the model never")
