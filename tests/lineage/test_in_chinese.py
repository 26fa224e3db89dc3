"""What retracting, forgetting and a lineage tell people, in Traditional Chinese."""

from __future__ import annotations

from typing import Any

import pytest
from support.english_left import english_left

from sentiment.language import speaking
from sentiment.lineage import forget, lineage, retract_told

BEFORE = {"frozen": 1200, "rolling": 400, "train": 9000}
SAW = {
    "trained": [
        {"version": 2, "labels": ["canary"], "condition": "served", "texts": 1234, "through": None},
        {"version": 3, "labels": ["stable"], "condition": "rolled back", "texts": 0, "through": 2},
    ],
    "tested": [{"version": 2, "texts": None}, {"version": 3, "texts": 4}],
    "unknown": [1],
    "runs": ["night-4"],
    "clean": 1,
}
RETRACTED: dict[str, Any] = {
    "delivery": 2, "key": "夜.tsv", "changed": True, "retracted": True, "dry_run": False, "who": "小明", "reason": "",
    "texts": 12, "left": 9, "came": 1, "relabelled": 2, "stayed": 1, "before": BEFORE,
    "after": {"frozen": 1100, "rolling": 300, "train": 8000}, "few_rolling": True, "needed": 400, "must_hold": 3,
    "earlier_labels_known": False, "saw": SAW,
}  # fmt: skip
FORGOTTEN: dict[str, Any] = {
    "dry_run": False, "texts": 2, "posts": 3, "files": [{"file": "runs/1/train.tsv", "number": 4}],
    "models": {"versions": SAW["trained"], "runs": ["night-4"], "unknown": [1]},
    "unfinished": ["encoders/.1.unfinished"],
    "remaining": ["a.gz"], "not_searched": ["b.xlsx", "7 more files or folders"],
    "scores": [
        {"file": "scores/version-1/data/a.parquet", "versions": [1], "archive_file": "/archive/a.tsv"},
        {"file": "scores/changed-1-2.html", "versions": [1, 2], "archive_file": ""},
        {"file": "scores/notes.txt", "versions": [], "archive_file": ""},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"retracted": False},
        {"dry_run": True},
        {"dry_run": True, "retracted": False},
        {"changed": False},
        {"changed": False, "retracted": False},
        {"saw": {**SAW, "clean": None}, "left": 0, "came": 0, "relabelled": 0, "stayed": 0},
    ],
)
def test_a_retraction_is_told_in_chinese(other: dict[str, Any]) -> None:
    with speaking("zh-TW"):
        text = "\n".join(retract_told.told({**RETRACTED, **other}))
    assert english_left(text) == [] and text.startswith("交付 2（夜.tsv）")
    if not other:
        assert (
            "其 12 則貼文中，9 則移除、1 則回來了、2 則改為其他交付所說的標籤、1 則不變，因為其他交付的標籤相同" in text
        )
        assert "第 3 版（正式版、已被回復取代）看過它的貼文：由第 2 版接續訓練" in text
        assert "正式版學過它；若要回復：`sentiment rollback --to 1 --reason …`" in text


@pytest.mark.parametrize("dry_run", [True, False])
def test_what_is_forgotten_is_told_in_chinese(dry_run: bool) -> None:
    with speaking("zh-TW"):
        text = "\n".join(forget.told({**FORGOTTEN, "dry_run": dry_run}))
    assert english_left(text) == []
    assert "第 2 版（試行版、服務中）看過它們：訓練時用了 1,234 則" in text
    assert "未搜尋 另有 7 個檔案或資料夾" in text


def test_a_lineage_is_told_in_chinese() -> None:
    item = {"mode": "warm", "rows": 90, "deliveries": [1, 2]}
    chain = [{"version": number, **item} for number in range(12, 1, -1)] + [
        {"version": 1, "mode": None, "rows": None, "deliveries": []}
    ]
    counts = {"new": [1, 2, 3], "old": [4, 5, 6_000]}
    deliveries = [
        {"number": 0, "key": lineage.BASE, "hash": None, "at": None, **counts},
        {"number": 3, "key": None, "hash": "a" * 64, "at": "2026-11-27T22:00:00+00:00", "retracted": True, **counts},
    ]
    tests = {"frozen": {"rows": 400, "sha256": "b" * 64}, "rolling": {"rows": None, "sha256": None}}
    found = {
        "version": 13, "run": "night", "mode": "full", "rows": 1_000, "fingerprint": "c" * 64, "ancestors": chain,
        "deliveries": deliveries, "partial": True, "watermark": 3, "tests": tests,
    }  # fmt: skip
    with speaking("zh-TW"):
        text = "\n".join(lineage.told(found, ("正面", "中立", "負面")))
        older = "\n".join(lineage.told({**found, "version": None, "deliveries": None, "ancestors": chain[-1:]}, ()))
    assert english_left(text) == english_left(older) == []
    assert text.startswith("第 13 版，執行 night：1,000 筆，sha256 cccccccccccc\n從頭訓練\n")
    assert "從第 12 版開始訓練（接續訓練，90 筆，交付 1, 2）" in text
    assert "……另有 2 版，直到第 1 版" in text and "以固定測試集評估：400 筆" in text
    head = next(line for line in text.splitlines() if "sha256  新 正面" in line)
    assert "".join(head.split()) == "交付夜間sha256新正面新中立新負面舊正面舊中立舊負面檔案"
