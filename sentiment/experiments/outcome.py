"""Writes the results of a sweep into one folder: the older tool's table, a plot, and every number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentiment.experiments import results, sweep
from sentiment.experiments.sweep import Group, Outcome, Setup
from sentiment.experiments.table import Table
from sentiment.language import tr
from sentiment.results.record import as_json

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def keep(
    folder: Path, outcomes: Sequence[Outcome], setup: Setup, data: Path, rows: tuple[int, int], **more: Any
) -> tuple[dict[str, Any], Table]:
    """Writes table, plot and results.json, which also holds `more`. `rows` are those of train.tsv and test.tsv."""
    groups = sweep.grouped(outcomes)
    table = sweep.table_of(groups, setup, notes(data, rows, setup, [outcome.training.seed for outcome in outcomes]))
    result = {
        "rows": [as_json(group) for group in groups],
        "best": None if table.best is None else as_json(groups[table.best]),
        "failed": sum(outcome.result is None for outcome in outcomes),
        "trainings": [
            {**as_json(outcome.training), "result": outcome.result, "why": outcome.why} for outcome in outcomes
        ],
        "setup": as_json(setup),
        "data": {"folder": str(data), "train_rows": rows[0], "test_rows": rows[1]},
        **more,
    }
    return results.keep(folder, result, table, draw(groups)), table


def notes(data: Path, rows: tuple[int, int], setup: Setup, seeds: Sequence[int]) -> list[str]:
    """Returns the lines below the table: what all rows have in common, as the older tool stated it."""
    seeds = list(dict.fromkeys(seeds))
    named = ", ".join(map(str, seeds))
    repeated = [tr("each row: mean ± standard deviation of seeds {seeds}", seeds=named)] if len(seeds) > 1 else []
    return [
        tr(
            "train_data {train} ({train_rows} rows), predict_data {test} ({test_rows} rows)",
            train=data / "train.tsv",
            train_rows=f"{rows[0]:,}",
            test=data / "test.tsv",
            test_rows=f"{rows[1]:,}",
        ),
        f"num_train_epochs {setup.num_epochs}, batch_size {setup.batch_size}, max_seq_length {setup.max_seq_length},"
        f" model_type {setup.model_type}, validation_share {setup.validation_share:g}",
        *repeated,
    ]


def draw(groups: Sequence[Group]) -> Callable[[Figure], None]:
    """Returns a function that draws test accuracy by learning rate, one line per model, dotted if untrained."""

    # In English: a picture is drawn once and looked at by readers of any language, and the images in which it is drawn
    # have no font for Chinese.
    def fill(figure: Figure) -> None:
        axes = figure.subplots()
        for index, model in enumerate(dict.fromkeys(group.model for group in groups)):
            members = [group for group in groups if group.model == model and group.mean["test_acc"] is not None]
            _draw_model(axes, model, members, results.COLOURS[index % len(results.COLOURS)])
        axes.set_xscale("log")
        shown = sorted({group.learning_rate for group in groups if group.learning_rate})
        axes.set_xticks(shown, [sweep.rate_as_text(rate) for rate in shown])
        axes.minorticks_off()
        axes.set(xlabel="learning rate", ylabel="accuracy on test.tsv", title="Accuracy by learning rate")
        axes.grid(axis="y", alpha=0.3)
        if axes.has_data():
            axes.legend(frameon=False)

    return fill


def _draw_model(axes: Axes, model: str, members: Sequence[Group], colour: str) -> None:
    trained = sorted((g for g in members if g.learning_rate is not None), key=lambda g: g.learning_rate or 0)
    if trained:
        rates = [group.learning_rate or 0.0 for group in trained]
        heights, bars = (
            [float(value or 0) for value in values]
            for values in (
                [group.mean["test_acc"] for group in trained],
                [group.deviation["test_acc"] for group in trained],
            )
        )
        spread = bars if any(bars) else None
        axes.errorbar(rates, heights, yerr=spread, marker="o", capsize=4, color=colour, label=model)
    for group in members:
        if group.learning_rate is None:
            height = float(group.mean["test_acc"] or 0)
            axes.axhline(height, color=colour, linestyle=":", label=f"{model}, not trained")
