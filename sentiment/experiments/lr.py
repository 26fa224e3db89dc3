"""`sentiment bench lr`: trains models × learning rates, each from its start in a process of its own.

Finished rows are kept: a stopped sweep continues where it was when it is started again. A row with other inputs (data,
options, versions) is another row; a failed row is tried again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from sentiment import atomic
from sentiment.experiments import results, sweep
from sentiment.experiments.options import planned, sweep_options
from sentiment.experiments.outcome import keep
from sentiment.experiments.rows import Rows, inputs_of, require_data
from sentiment.experiments.sweep import Outcome, Setup, Training
from sentiment.language import tr
from sentiment.settings import read_settings
from sentiment.step import Result, say, step
from sentiment.text.aloud import to_people
from sentiment.text.units import time_left


def run_sweep(trainings: Sequence[Training], rows: Rows) -> list[Outcome]:
    """Runs the trainings that no earlier sweep has finished, and returns the outcomes of all, in order."""
    outcomes = []
    seconds: list[float] = []
    missing = sum(rows.finished(training) is None for training in trainings)
    if missing < len(trainings):
        done, total = len(trainings) - missing, len(trainings)
        with to_people():
            say(tr("bench lr: {done} of {total} rows are already finished", done=done, total=total))
    for training in trainings:
        begin = time.monotonic()
        found = rows.finished(training)
        if found is None:
            with to_people():
                say(f"bench lr: {sweep.described(training)}")
        outcomes.append(rows.train(training))
        if found is None:
            seconds.append(time.monotonic() - begin)
        with to_people():
            _report(outcomes[-1], rows.setup, len(outcomes), len(trainings), missing, seconds)
    return outcomes


def _report(outcome: Outcome, setup: Setup, done: int, total: int, missing: int, seconds: Sequence[float]) -> None:
    """Prints a finished row, and how long the others will take."""
    left = missing - len(seconds)
    told = f"{done}/{total} {sweep.described(outcome.training)}: {sweep.outcome_as_text(outcome, setup)}"
    if seconds and left:
        told = tr("{figures}; about {time} left", figures=told, time=time_left(left * sum(seconds) / len(seconds)))
    say(f"bench lr: {told}")


@click.command("lr")
@sweep_options
@click.option(
    "--data", type=click.Path(path_type=Path), help="Folder with train.tsv and test.tsv. [default: the base data]"
)
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the results. [default: runs/bench/lr]")
@step
def command(
    models: str,
    learning_rates: tuple[float, ...],
    data: Path | None,
    seeds: tuple[int, ...],
    with_untrained: bool,
    output: Path | None,
    **common: Any,
) -> Result:
    """Train models at several learning rates and compare them.

    When started again, it continues where it was stopped.
    """
    settings = read_settings()
    folder = results.folder_for(settings, "lr", output)
    data = data or settings.base_data
    setup = Setup(**common)
    trainings = planned(models, learning_rates, seeds, setup, untrained=with_untrained)
    counted = require_data(data, settings.label_set)
    with atomic.exclusive_lock(folder / ".lock"):
        begin = time.monotonic()
        outcomes = run_sweep(trainings, Rows(folder, data, setup, inputs_of(data, settings.label_set)))
        seconds = round(time.monotonic() - begin, 3)
        result, table = keep(folder, outcomes, setup, data, counted, seconds=seconds)
    with to_people():
        table.show()
    return result
