"""What a sweep leaves: the original's table, a plot, and every number, in one folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sentiment.experiments import results, sweep
from sentiment.experiments.sweep import Outcome, Setup
from sentiment.experiments.sweep_plot import draw
from sentiment.experiments.table import Table


def keep(
    folder: Path, outcomes: Sequence[Outcome], setup: Setup, data: Path, rows: tuple[int, int], **more: Any
) -> tuple[dict[str, Any], Table]:
    """Writes table, plot and results.json, which also holds `more`. `rows` are those of train.tsv and test.tsv."""
    groups = sweep.grouped(outcomes)
    table = sweep.table_of(groups, setup, notes(data, rows, setup, [outcome.training.seed for outcome in outcomes]))
    result = {
        "rows": [group.as_json() for group in groups],
        "best": None if table.best is None else groups[table.best].as_json(),
        "failed": sum(outcome.result is None for outcome in outcomes),
        "trainings": [
            {**asdict(outcome.training), "result": outcome.result, "why": outcome.why} for outcome in outcomes
        ],
        "setup": asdict(setup),
        "data": {"folder": str(data), "train_rows": rows[0], "test_rows": rows[1]},
        **more,
    }
    return results.keep(folder, result, table, draw(groups)), table


def notes(data: Path, rows: tuple[int, int], setup: Setup, seeds: Sequence[int]) -> list[str]:
    """Returns the lines under the table: what all rows have in common, as the original stated it."""
    seeds = list(dict.fromkeys(seeds))
    repeated = [f"each row: mean ± standard deviation of seeds {', '.join(map(str, seeds))}"] if len(seeds) > 1 else []
    return [
        f"train_data {data / 'train.tsv'} ({rows[0]:,} rows), predict_data {data / 'test.tsv'} ({rows[1]:,} rows)",
        f"num_train_epochs {setup.num_epochs}, batch_size {setup.batch_size}, max_seq_length {setup.max_seq_length},"
        f" model_type {setup.model_type}, validation_share {setup.validation_share:g}",
        *repeated,
    ]
