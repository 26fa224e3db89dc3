"""The mails in Traditional Chinese, as people get them: the notifiers speak SENTIMENT_LANGUAGE."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec import structs
from sentiment_airflow.notify.approval import DecisionNotifier, QuestionNotifier
from sentiment_airflow.notify.deadline import tell_late
from sentiment_airflow.notify.steps import (
    CheckNotifier,
    DiffersNotifier,
    ExperimentNotifier,
    FallNotifier,
    OverNotifier,
    QuietNightsNotifier,
    RegressionNotifier,
    RollbackNotifier,
    StepFailureNotifier,
    ValidationNotifier,
    WithdrawalNotifier,
)
from sentiment_airflow.steps import StepRefused
from support import all_mails
from support.all_mails import POST, QUESTION, RECORDED, SAID, WHO, WHY, WRITTEN, outcome
from support.chinese_mails import seen, words_left
from support.estimates import estimate_of, fallen, night_of
from support.evaluations import costs
from support.mailboxes import GATE, PREPARE, Mailbox, failed, parts
from support.results import whole, whole_json

from sentiment.gate.costs import cost_warnings
from sentiment.language import spoken
from sentiment.mail.approval import waiting_mail
from sentiment.results.cost import Costs
from sentiment.results.decision import Gate
from sentiment.results.deliveries import Prepare
from sentiment.results.estimate import Confidence
from sentiment.results.evaluation import Evaluation
from sentiment.results.record import as_json, decoded
from sentiment.results.validation import Validation

FLIP = {"set": "frozen", "text": POST, "true": 0, "stable": 0, "candidate": 1, "confidence": 0.93}
REFUSED = whole(Gate, {**GATE, "sentence": RECORDED, "reasons": [RECORDED], "regressions": [FLIP]})
LEARNED = whole(Prepare, PREPARE)
NAMES = ("ptt", "tiny", "train", "export", "sentiment[.]client", "night b")


@pytest.fixture(autouse=True)
def chinese(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SENTIMENT_LANGUAGE", "zh-TW")
    yield
    assert spoken() == "en", "only the mail is spoken so"


def refused(result: Any = None) -> Any:
    """The context of a task whose step ended well, and said that the run must not continue."""
    return failed(StepRefused(RECORDED, as_json(result) if result else {}))


def ended(result: Any, **options: str) -> Any:
    """The context of a task that left a result, or that asks about another's."""
    context = failed(None)
    context["ti"].xcom_pull = lambda task_ids: as_json(result)
    return {**context, "task": SimpleNamespace(options=options, step="promote", run="night-1")}


def keep(run: Path, name: str, result: Any) -> None:
    (run / f"{name}.json").write_text(json.dumps(as_json(result)), encoding="utf-8")


def a_regression(run: Path) -> None:
    keep(run, "gate", REFUSED)
    keep(run, "prepare", LEARNED)
    keep(run, "check", all_mails.failed_check(2))
    (run / "model").mkdir()
    (run / "model" / "report.html").touch()
    (run / "suspects.json").touch()
    RegressionNotifier()(refused())


def a_check(run: Path) -> None:
    keep(run, "check", all_mails.failed_check(2))
    CheckNotifier()(refused())


def a_validation(run: Path) -> None:
    keep(run, "validate", all_mails.validation())
    ValidationNotifier()(refused())


def a_fall(run: Path) -> None:
    night = night_of(fall=fallen(), by_source=[estimate_of(name="ptt")])
    confidence = as_json(Confidence(candidate={}, night=night))
    (run / "evaluation.json").write_text(json.dumps(whole_json(Evaluation, confidence=confidence)), encoding="utf-8")
    FallNotifier()(failed(None))


def quiet_nights(run: Path) -> None:
    (run / "prepare.json").write_text(json.dumps(whole_json(Prepare, nothing_new=True)), encoding="utf-8")
    QuietNightsNotifier()(failed(None))


def a_late_run(_: Path) -> None:
    context: Any = {"dag_run": {"dag_id": "sentiment_retrain", "dag_run_id": "night b"}, "deadline": {"id": "x"}}
    tell_late(context)


def a_question(_: Path) -> None:
    QuestionNotifier(waiting_mail, datetime(2026, 11, 27, 23, 25, tzinfo=UTC))(ended(QUESTION))


def a_decision(_: Path) -> None:
    DecisionNotifier()(ended(outcome(True, 3), who=WHO, reason=WHY))


SENT: dict[str, Callable[[Path], None]] = {
    "情感分析：步驟 train 失敗。沒有說明原因": lambda _: StepFailureNotifier()(failed(None)),
    "情感分析：沒有新模型。": a_regression,
    "情感分析：沒有訓練任何模型。": a_check,
    f"情感分析：沒有新模型。{SAID}": a_validation,
    "情感分析：正式版（第 2 版）不如以往：新貼文答對 70.0": a_fall,
    "情感分析：自 ": quiet_nights,
    f"情感分析：實驗。{SAID}": lambda _: ExperimentNotifier()(refused(all_mails.table(WHY))),
    f"情感分析：第 4 版已撤回。{SAID}": lambda _: WithdrawalNotifier()(refused(all_mails.watch())),
    "情感分析：實際回答的模型與歷程不符。": lambda _: DiffersNotifier()(refused(all_mails.served(False))),
    "情感分析：所有伺服器提供的內容又與歷程一致了。": lambda _: OverNotifier()(ended(all_mails.served(True))),
    f"情感分析：{WHO} 回復了先前的版本。{SAID}": lambda _: RollbackNotifier()(
        ended(outcome(True, 2, None), who=WHO, reason=WHY)
    ),
    f"情感分析：第 3 版等候您核准。{SAID}": a_question,
    f"情感分析：第 3 版已成為正式版，由 {WHO} 核准": a_decision,
    "情感分析：還沒有新模型：執行 night b 過了 5 小時仍未結束。": a_late_run,
}


@pytest.mark.parametrize("subject", SENT)
def test_no_word_of_ours_is_left_in_english(
    mailbox: Mailbox, refused_run: Path, monkeypatch: pytest.MonkeyPatch, subject: str
) -> None:
    monkeypatch.setenv("SENTIMENT_NOTHING_NEW_NIGHTS", "1")
    monkeypatch.setenv("SENTIMENT_DEADLINE_HOURS", "5")
    SENT[subject](refused_run)
    [(_, mail)] = mailbox.mails
    plain, page = parts(mail)
    assert str(mail["subject"]).startswith(subject)
    read = "\n".join([str(mail["subject"]), plain, seen(page)])
    assert words_left(read, *WRITTEN, *NAMES) == []
    assert '<html lang="zh-Hant">' in page and re.search("(記錄檔|執行|核准或退回)：http://", plain)


def test_what_was_held_back_is_told_in_chinese(mailbox: Mailbox, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for hours in ("12", "12", "0.0000001"):
        monkeypatch.setenv("SENTIMENT_MAIL_QUIET_HOURS", hours)
        StepFailureNotifier()(failed(WHY))
    first, last = (parts(mail) for _, mail in mailbox.mails)
    assert "未寄出" not in first[0] and all("同一原因另有 1 封信未寄出。" in part for part in last)


def test_another_language_mails_no_cause_again(mailbox: Mailbox, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for language in ("zh-TW", "en"):
        monkeypatch.setenv("SENTIMENT_LANGUAGE", language)
        StepFailureNotifier()(failed(None))
    assert len(mailbox.mails) == 1


def test_a_language_that_there_is_none_of_keeps_no_mail_back(
    mailbox: Mailbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTIMENT_LANGUAGE", "tlh")
    StepFailureNotifier()(failed(None))
    [(_, mail)] = mailbox.mails
    assert mail["subject"] == "Sentiment: step train failed. no cause was given"


def test_a_question_shows_what_each_model_costs(mailbox: Mailbox, refused_run: Path) -> None:
    gate = structs.replace(REFUSED, costs=decoded(costs((7_600_000, 3.3), (3_200_000, 1.84)), Costs, "it", ""))
    keep(refused_run, "gate", gate)
    keep(refused_run, "validate", whole(Validation, export_bytes=30_400_000))
    question = structs.replace(QUESTION, run=refused_run.name, cautions=cost_warnings(gate))
    QuestionNotifier(waiting_mail, datetime(2026, 11, 27, 23, 25, tzinfo=UTC))(ended(question))
    [(_, mail)] = mailbox.mails
    for body in parts(mail):
        assert (
            "各模型的成本" in body and "30.4 MB" in body and "12.9 MB" in body and "EPYC 7B13，2 核心，float32" in body
        )
        assert "候選模型處理一則貼文的時間是第 2 版的 1.8 倍（1.84 ms 增為 3.30 ms），參數量是 2.4 倍" in body
