"""What the checks of new posts record is read in Chinese: each finding, measured or not, and the verdict."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from support.english_left import english_words
from support.results import whole

from sentiment.checks import deliveries, doubles, drift, near, nights, noise, suspects, texts, words
from sentiment.checks.check import told_retracted
from sentiment.checks.departures import Departure, Rows
from sentiment.checks.verdict import Measured, judge, verdict
from sentiment.data.ledger import Delivered
from sentiment.data.ledger_batch import Counts
from sentiment.data.nights import EVERYBODY, OTHERS, Night
from sentiment.data.tsv import Post
from sentiment.language import recorded, speaking
from sentiment.results.deliveries import Doubles, Prepare
from sentiment.serving.retractions import Retracted
from sentiment.settings import Limits, Settings

LABELS = Settings().label_set
DAY = date(2026, 1, 1)
SOURCE, WHO, REASON = "news desk", "ann of labelling", "wrong. All of it."  # what people wrote
THEIRS = (SOURCE, WHO, REASON)
POSTS = [Post(f"今天的天氣真好{number}", number % 3, "", SOURCE) for number in range(3)]


def not_measured() -> Iterator[Measured]:
    yield from deliveries.findings([])
    yield from doubles.findings([])
    yield from (drift.class_shares([1], [], LABELS), drift.class_shares([0], [1], LABELS))
    yield from (drift.vocabulary([], []), drift.no_stable(), texts.no_stable())
    yield from (suspects.suspects([], [], LABELS)[0], words.words([], [], LABELS))
    dated = [(DAY + timedelta(number), POSTS[0]) for number in range(30)]
    yield from (nights.label_shares({}, LABELS, DAY), noise.noise([], [], LABELS, DAY))
    yield noise.noise(dated, [], LABELS, DAY)


def measured() -> Iterator[Measured]:
    yield from deliveries.findings([Delivered(1, "news.csv", "hash", "2026-11-05", Counts(accepted=9, quarantined=3))])
    for name in (SOURCE, ""):
        yield from doubles.findings([Doubles(source=name, labels=60, contradicted=30), whole(Doubles, labels=200)])
    yield from (texts.too_long(POSTS), texts.with_control_characters(POSTS), texts.unknown_to(["天"], POSTS))
    yield from (
        near.near_tests(POSTS, POSTS),
        near.copies(POSTS, POSTS),
        drift.class_shares([2, 1, 0], [1, 1, 1], LABELS),
    )
    counts = [(140, 140, 140)] * 12 + [(300, 100, 20)] * 8
    series = [Night(DAY + timedelta(number), each) for number, each in enumerate(counts)]
    for name in (SOURCE, OTHERS, EVERYBODY, ""):
        yield nights.label_shares({name: series}, LABELS, DAY)
        yield nights.changes("noise", noise.TITLE, {name: series}, (noise.WRONG,) * 3, DAY)
    told = "; ".join(
        words._told(word(name), Rows(POSTS, [post.text for post in POSTS], 3, 3), LABELS) for name in (SOURCE, "")
    )
    yield Measured("words", words.TITLE, 0.3, what=told)
    yield Measured("suspects", suspects.TITLE, 0.3)


def word(source: str) -> Departure:
    import numpy as np

    places = np.arange(3)
    return Departure("天氣", source, 0, places, places, 0.33, 0.001)


LIMITS = (Limits(0.0, None), Limits(0.1, 0.2), Limits(None, 1.0))


@pytest.fixture(scope="module")
def sentences() -> set[str]:
    random.seed(0)
    findings = [judge(one, limits) for one in [*not_measured(), *measured()] for limits in LIMITS]
    unnamed = [judge(Measured("noise", noise.TITLE, 0.3, what=""), limits) for limits in LIMITS]
    failed = [one for one in findings if one.level == "failed"]
    fine = [one for one in findings if one.level == "ok"]
    assert {one.level for one in findings} == {"ok", "warning", "failed", "not measured"}
    verdicts = [verdict(failed[:1]), verdict(failed), verdict(findings[:3]), verdict([*fine, *unnamed]), verdict(fine)]
    return {one.sentence for one in [*findings, *unnamed]} | {said for _, said in verdicts}


def test_every_finding_and_verdict_is_said_again_in_chinese(sentences: set[str]) -> None:
    with speaking("zh-TW"):
        left = {one for one in sentences if english_words(recorded(one), *THEIRS)}
    assert not left


def test_what_a_person_checks_is_said_so(sentences: set[str]) -> None:
    with speaking("zh-TW"):
        told = [recorded(one) for one in sentences]
    for sentence in (
        "交付的資料中，無法讀取的：25.0%，預期最多 20.0%。",
        "含有某個詞的新貼文，幾乎都是同一個標籤，與其他地方不同：30.0%，預期最多 20.0%。"
        "「今天的天氣真好」，來源 news desk：3 則中有 3 則是「正面」，其他地方為 33%；"
        "「今天的天氣真好」：3 則中有 3 則是「正面」，其他地方為 33%。",
        "連續數晚，標籤占比的變化：沒有測量，某個來源還需要 8 晚的資料，每晚 50 則貼文。",
    ):
        assert sentence in told, (sentence, told)


@pytest.mark.parametrize(
    ("mark", "watermark", "told"),
    [
        (2, 2, "這次執行沒有用到它的資料。"),
        (3, 2, "正式版可能用過它；候選模型不會再用它訓練。"),
        (0, 5, "這次執行在收回之前就準備好了，含有它的資料：請重新開始這次夜間執行。"),
    ],
)
def test_a_retracted_delivery_is_said_again_in_chinese(mark: int, watermark: int, told: str) -> None:
    retracted = Retracted(3, "news.csv", 9, WHO, REASON, "2026-11-27T03:00:00+00:00")
    (warning,) = told_retracted([retracted], mark, whole(Prepare, watermark=watermark))
    with speaking("zh-TW"):
        said = recorded(warning)
    assert said.endswith(f"收回：{REASON}。{told}") and english_words(said, *THEIRS) == []
