"""An experiment in Traditional Chinese: what is printed, and what was recorded in English as it is read later."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.english_left import english_left

from sentiment.experiments import lr, plan, sweep
from sentiment.experiments.outcome import notes
from sentiment.experiments.rows import NO_TRACE
from sentiment.experiments.sweep import HEADINGS, Outcome, Setup, Training
from sentiment.experiments.table_of import sentence
from sentiment.language import recorded, speaking

SETUP_NAMES = ("num_train_epochs", "model_type custom", "max_seq_length", "batch_size", "validation_share")
SETUP = Setup("custom", 3, 32, 128, 0.1)
BEST = {"model": "scratch/tiny", "lr": "1e-3", "test_acc": "0.7500"}
TRAINED = Outcome(Training("scratch/tiny", 1e-3, 13), {"test": {"accuracy": 0.75, "loss": 0.5}, "seconds": 3})
FAILED = Outcome(Training("scratch/mini", None, 13), why="the disk is full")


def chinese(english: str) -> str:
    with speaking("zh-TW"):
        return recorded(english)


@pytest.mark.parametrize(
    ("outcomes", "best", "told", "read"),
    [
        (
            [TRAINED, TRAINED],
            0,
            "2 trainings; best is scratch/tiny, lr 1e-3, test_acc 0.7500.",
            "2 次訓練；最佳的是 scratch/tiny，學習率 1e-3，test_acc 0.7500。",
        ),
        ([TRAINED], None, "1 training; no model was trained.", "1 次訓練；沒有訓練出任何模型。"),
        (
            [TRAINED, FAILED],
            0,
            "1 of 2 trainings failed; best is scratch/tiny, lr 1e-3, test_acc 0.7500. Table and plot are in "
            "/home/runs/a. scratch/mini, not trained, seed 13: the disk is full",
            "2 次訓練中有 1 次失敗；最佳的是 scratch/tiny，學習率 1e-3，test_acc 0.7500。表格和圖在 /home/runs/a。"
            "scratch/mini, not trained, seed 13: the disk is full",
        ),
        (
            [FAILED],
            None,
            "1 of 1 training failed; no model was trained. Table and plot are in /home/runs/a. scratch/mini, not "
            "trained, seed 13: the disk is full",
            "1 次訓練中有 1 次失敗；沒有訓練出任何模型。表格和圖在 /home/runs/a。"
            "scratch/mini, not trained, seed 13: the disk is full",
        ),
    ],
)
def test_its_outcome(outcomes: list[Outcome], best: int | None, told: str, read: str) -> None:
    assert sentence(outcomes, [BEST], best, Path("/home/runs/a")) == told
    assert chinese(told) == read, "a reason stays as it was written"


def test_what_is_planned() -> None:
    assert plan._planned(1, 30) == "1 training on 30 rows"
    assert chinese(plan._planned(1, 30)) == "1 次訓練，使用 30 筆資料"
    assert plan._planned(12, 27_766) == "12 trainings on 27,766 rows"
    assert chinese(plan._planned(12, 27_766)) == "12 次訓練，使用 27,766 筆資料"


def test_how_a_training_is_called_and_why_it_left_nothing() -> None:
    for training, told in (
        (TRAINED.training, "scratch/tiny，學習率 1e-3，隨機種子 13"),
        (FAILED.training, "scratch/mini，未訓練，隨機種子 13"),
    ):
        english = sweep.described(training)
        with speaking("zh-TW"):
            assert sweep.described(training) == recorded(english) == told
    assert english_left(chinese(NO_TRACE)) == [] and chinese(NO_TRACE).startswith("沒有留下結果")


def test_how_long_a_sweep_still_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with speaking("zh-TW"):
        lr._report(FAILED, SETUP, 1, 3, 3, [30.0])
    told = "1/3 scratch/mini，未訓練，隨機種子 13: the disk is full；大約還需要 60 s"
    assert capsys.readouterr().err == f"bench lr: {told}\n"
    assert chinese("it took longer than 0.2 s and was killed") == "執行超過 0.2 秒，已強制終止"


def test_the_table_is_a_file_in_english_and_is_printed_in_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    groups = sweep.grouped([TRAINED])
    table = sweep.table_of(groups, SETUP, notes(Path("/home/base"), (1_000, 200), SETUP, [13, 14]))
    with speaking("zh-TW"):
        markdown = table.markdown()
        table.show()
    printed = capsys.readouterr().err
    assert markdown.startswith("## learning rates\n") and "(1,000 rows)" in markdown and "每" not in markdown
    assert "每一列：隨機種子 13, 14 的平均 ± 標準差" in printed
    assert "train_data /home/base/train.tsv（1,000 筆），predict_data /home/base/test.tsv（200 筆）" in printed
    words = re.sub("|".join(map(re.escape, sorted(HEADINGS, key=len, reverse=True))), " ", printed)  # they are names
    assert english_left(words, *SETUP_NAMES) == []
    assert printed.split()[0] == "學習率"
