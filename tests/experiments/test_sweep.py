from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sentiment.experiments import sweep
from sentiment.experiments.sweep import (
    Outcome,
    Setup,
    Training,
    figures,
    grouped,
    rate_as_text,
    row_file,
    table_of,
    trainings,
)

SETUP = Setup("custom", num_epochs=2, batch_size=32, max_seq_length=128, validation_share=0.1)


def result(accuracy: float, loss: float = 0.5) -> dict[str, Any]:
    return {
        "loss": [0.9, 0.4],
        "accuracy": [0.5, 0.8],
        "val_loss": [0.8, 0.6],
        "val_accuracy": [0.6, 0.7],
        "test": {"accuracy": accuracy, "loss": loss},
        "seconds": 12.34,
        "test_seconds": 1.5,
        "rows_per_second": 40.0,
        "parameters": 1_350_403,
    }


def test_the_sweep_goes_by_model_then_rate_with_the_untrained_one_first() -> None:
    planned = trainings(["a", "b", "a"], [2e-5, 5e-5], [1, 2], untrained=True)
    assert [(one.model, one.learning_rate) for one in planned if one.seed == 1] == [
        *(("a", None), ("a", 2e-5), ("a", 5e-5)),
        *(("b", None), ("b", 2e-5), ("b", 5e-5)),
    ]
    assert len(planned) == len(set(planned)) == 12


def test_a_row_is_kept_under_another_name_for_whatever_makes_it_another_training() -> None:
    inputs = {"train": "aa", "test": "bb"}
    base = row_file(Path("rows"), Training("ckiplab/albert", 2e-5, 13), SETUP, inputs)
    assert base == row_file(Path("rows"), Training("ckiplab/albert", 2e-5, 13), SETUP, dict(inputs))
    assert base.name.startswith("ckiplab-albert-2e-5-13-")
    others = {
        row_file(Path("rows"), Training("ckiplab/albert", 5e-5, 13), SETUP, inputs),
        row_file(Path("rows"), Training("ckiplab/albert", 2e-5, 14), SETUP, inputs),
        row_file(Path("rows"), Training("ckiplab-albert", 2e-5, 13), SETUP, inputs),
        row_file(Path("rows"), Training("ckiplab/albert", None, 13), SETUP, inputs),
        row_file(Path("rows"), Training("ckiplab/albert", 2e-5, 13), Setup("origin", 2, 32, 128, 0.1), inputs),
        row_file(Path("rows"), Training("ckiplab/albert", 2e-5, 13), SETUP, {**inputs, "train": "cc"}),
    }
    assert len(others) == 6
    assert base not in others


def test_figures_are_those_of_the_last_epoch_under_the_originals_names() -> None:
    assert figures(result(0.75)) == {
        **{"train_loss": 0.4, "train_acc": 0.8, "val_loss": 0.6, "val_acc": 0.7, "test_loss": 0.5, "test_acc": 0.75},
        **{"train_times": 12.34, "predict_times": 1.5, "parameters": 1_350_403, "rows/s": 40.0},
    }


def test_without_rows_held_out_the_val_columns_are_empty() -> None:
    setup = Setup("custom", 2, 32, 128, 0.0)
    groups = grouped([Outcome(Training("m", 2e-5, 13), {**result(0.75), "val_loss": [], "val_accuracy": []})])
    row = table_of(groups, setup).rows[0]
    assert row == ["m(no val dataset)", "2e-5", "0.4000", "0.8000", "", "", "0.5000", "0.7500", *row[8:]]
    assert row[8:] == ["12.3s", "1.5s", "1.35M", "40.0"]


def test_seeds_become_mean_and_deviation() -> None:
    outcomes = [Outcome(Training("m", 2e-5, seed), result(accuracy)) for seed, accuracy in ((1, 0.70), (2, 0.80))]
    (group,) = grouped(outcomes)
    assert group.mean["test_acc"] == pytest.approx(0.75)
    assert group.deviation["test_acc"] == pytest.approx(0.0707, abs=1e-4)
    row = table_of([group], SETUP).rows[0]
    assert row[7] == "0.7500 ± 0.0707"
    assert row[8] == "12.3 ± 0.0s"
    assert group.trained == 2


def test_the_best_row_is_a_trained_one_with_the_highest_accuracy() -> None:
    outcomes = [
        Outcome(Training("a", None, 1), result(0.99)),
        Outcome(Training("a", 1e-3, 1), result(0.80, loss=0.6)),
        Outcome(Training("a", 1e-4, 1), result(0.80, loss=0.5)),
        Outcome(Training("b", 1e-3, 1), why="no such encoder"),
    ]
    assert sweep.best_of(grouped(outcomes)) == 2
    assert sweep.best_of(grouped([outcomes[0], outcomes[3]])) is None
    assert "| `a` | 1e-4 |" in table_of(grouped(outcomes), SETUP).markdown()


def test_a_failed_row_is_there_with_its_reason() -> None:
    table = table_of(grouped([Outcome(Training("b", 1e-3, 1), why="no such encoder")]), SETUP, ["2 rows"])
    assert table.rows[0][:3] == ["b", "1e-3", "failed"]
    assert len(table.rows[0]) == len(table.headings)
    assert table.notes == ["2 rows", "b, lr 1e-3: no such encoder"]


def test_of_two_seeds_one_may_fail() -> None:
    outcomes = [Outcome(Training("m", 1e-3, 1), result(0.7)), Outcome(Training("m", 1e-3, 2), why="killed")]
    (group,) = grouped(outcomes)
    assert (group.trained, group.why, group.mean["test_acc"]) == (1, ["killed"], 0.7)


@pytest.mark.parametrize(("rate", "text"), [(2e-5, "2e-5"), (0.001, "1e-3"), (1.5e-4, "1.5e-4"), (0.1, "1e-1")])
def test_rates_read_as_in_the_originals_table(rate: float, text: str) -> None:
    assert rate_as_text(rate) == text
    assert float(text) == rate
