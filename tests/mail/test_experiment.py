"""The mail about an experiment of which some trainings failed."""

from __future__ import annotations

import pytest
from msgspec import structs
from support.all_mails import RUN, table

from sentiment.language import speaking
from sentiment.mail.experiment import experiment_mail


@pytest.mark.parametrize(
    ("sentence", "lead"),
    [
        (
            "1 of 3 failed; best is a, lr 5e-5, test_acc 0.7500. Table and plot are in /x. a.b: 壞。 x",
            "1 of 3 failed; best is a, lr 5e-5, test_acc 0.7500.",
        ),
        ("3 次訓練中有 1 次失敗；沒有訓練出模型。表格與圖在 /x。a: no. x", "3 次訓練中有 1 次失敗；沒有訓練出模型。"),
        ("1 of 1 failed.", "1 of 1 failed."),
    ],
)
def test_it_begins_with_the_outcome_alone(sentence: str, lead: str) -> None:
    mail = experiment_mail(structs.replace(table("no such model"), sentence=sentence), RUN, {})
    assert mail.subject == f"Sentiment: experiment. {lead}" and mail.text.startswith(f"{lead}\n\n")
    assert "- tiny, lr 5e-5: no such model\n" in mail.text


def test_a_recorded_outcome_is_said_in_chinese() -> None:
    sentence = "1 of 3 trainings failed; no model was trained. Table and plot are in /x. a, lr 5e-5: no. See http://x"
    with speaking("zh-TW"):
        mail = experiment_mail(structs.replace(table("no such model"), sentence=sentence), RUN, {})
    assert mail.subject == "情感分析：實驗。3 次訓練中有 1 次失敗；沒有訓練出任何模型。"
