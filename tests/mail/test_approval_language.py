"""What a person reads before approving, in Chinese: with every part that it may have, no English word is left."""

from __future__ import annotations

import html
from typing import Any

import pytest
from msgspec import structs
from support.english_left import english_words
from support.evaluations import flip
from support.gate_cases import REASON, SOURCE, WHO, WORD, gate_case
from support.results import whole

from sentiment.checks.verdict import Measured, judge
from sentiment.gate.wear import told as told_wear
from sentiment.language import speaking
from sentiment.mail.approval_body import approval_body
from sentiment.results.decision import Gate, SetFlip
from sentiment.results.deliveries import Check, Prepare
from sentiment.results.refreshment import Worn
from sentiment.results.validation import Validation
from sentiment.settings import Limits

CASES = range(60)
THEIRS = (WHO, f"{REASON}!", f"{REASON}.", REASON, SOURCE, WORD, "McNemar", " ms", " MB", "EPYC", "evaluate", "float32")
WARNING = judge(
    Measured(
        "words",
        "New posts whose label looks wrong",
        0.6,
        what="Source 店: 3 of 40 labels (95 % interval 2.6% to 20.0%)",
    ),
    Limits(0.2, None),
).sentence
PREPARES = (
    {"new": {"per_label": [10, 200, 30], "rows": 240}, "train_rows": 1740, "deliveries": [7]},
    {
        "new": {"per_label": [10, 200, 30], "rows": 240},
        "train_rows": 1740,
        "deliveries": [7, 8],
        "mix": {"wanted": [0] * 3, "available": [0] * 3, "added": [100, 0, 20], "result": [0] * 3},
        "warm_from": 2,
        "warm_rows": 675,
        "left_for_later": 12,
        "excluded_leaks": 3,
    },
    {"new": {"per_label": [], "rows": 240}, "deliveries": [], "warm_from": 2, "warm_rows": 675, "warm_is_base": True},
    {"new": {"per_label": [], "rows": 240}, "deliveries": list(range(20)), "warm_from": 2},
)
BESIDE = {"name": "正面", "new": 0.5, "stable": 0.25}
LATENCY = [{"batch": batch, "p95_ms": 12.0} for batch in (1, 8)]


def flips(text: str) -> list[SetFlip]:
    return [whole(SetFlip, {**flip(text), "set": name}) for name in ("frozen", "rolling")]


def body(seed: int, **more: Any) -> str:
    """Returns an approval with every optional part, about the decision of that number."""
    worn = Worn(decisions=seed % 3 * 20, promotions=seed % 2, since="", until="", optimism=(0.0, 0.004, 0.02)[seed % 3])
    gate = structs.replace(
        gate_case(seed), wear=told_wear(worn, 0.01), regressions=flips("推薦才怪"), improvements=flips("不是不好") * 9
    )
    validation = whole(
        Validation,
        sentence="可以上線。",
        latency=LATENCY,
        export_bytes=98_000_000,
        load_seconds=(None, 3.2)[seed % 2],
        peak_memory_bytes=(None, 5 * 10**8)[seed // 2 % 2],
    )
    return approval_body(
        gate,
        whole(Prepare, PREPARES[seed % 4]),
        3,
        {"這次執行": "http://host/x"},
        [WARNING],
        validation=validation,
        standing="試行良好。",
        hours=(24, 0.5)[seed % 2],
        barred=[WHO],
        check=whole(Check, classes=[BESIDE], characters=[BESIDE]),
        **more,
    )


@pytest.fixture(scope="module")
def bodies() -> list[str]:
    with speaking("zh-TW"):
        return [html.unescape(body(seed)) for seed in CASES]


def test_no_english_word_is_left(bodies: list[str]) -> None:
    assert {tuple(found) for one in bodies if (found := english_words(one, *THEIRS))} == set()


def test_what_a_person_checks_is_said_so(bodies: list[str]) -> None:
    told = "\n".join(bodies)
    for sentence in (
        "標籤看起來不對的新貼文：60.0%，預期最多 20.0%。來源 店：40 個標籤中有 3 個（95 % 信賴區間 2.6% 至 20.0%）。",
        "核准：第 3 版在每一台伺服器上成為正式版；第 2 版保持載入，以便回復前一版。",
        "退回：第 3 版撤回；第 2 版繼續服務；下一次夜間執行會再用到這個版本的資料。"
        "24 小時內沒有人回答，就退回這個版本。",
        "交付 7、8 的新資料 240 筆（正面 10、負面 200、中立 30）。",
        "總共 1,740 筆；從第 2 版（675 筆）接續訓練。",
        "固定測試集已用於 20 次判定，其中 1 次讓版本成為正式版：正式版在這個測試集上的準確率大約高估了 0.4 個百分點。",
        "| 固定測試集 | 推薦才怪 | 負面 | 負面 | 正面 |",
        f"四眼原則：{WHO} 啟動了這次執行，或更動過它的把關，不得核准。",
        "最慢的回應（各種長度的第 95 百分位數）：一則貼文 12 ms、8 則貼文 12 ms。",
        "這個版本有 98.0 MB，載入需要 3.2 秒，伺服器使用了 500 MB 記憶體。",
    ):
        assert sentence in told, sentence


def test_a_body_without_a_stable_model_is_chinese_too() -> None:
    gate: Gate = next(gate for gate in map(gate_case, CASES) if gate.verdict == "first")
    with speaking("zh-TW"):
        told = html.unescape(approval_body(gate, None, 1, {}))
    assert english_words(told, *THEIRS) == []
    assert "核准：第 1 版在每一台伺服器上成為正式版；它是第一個正式版模型。" in told
