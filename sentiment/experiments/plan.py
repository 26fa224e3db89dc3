"""`sentiment experiment-plan`: which trainings an experiment consists of, so that each can be a step of its own.

    experiment-plan     refuses what cannot be trained, and leaves the list of trainings in runs/RUN/
    experiment-train    one training of the list; any number of them at a time, on any machine that sees the home
    experiment-table    table and plot of what came of all, into runs/RUN/

The rows are those of `sentiment bench lr`, in runs/bench/lr/: what any experiment or sweep has finished with the same
data, options and versions is not trained again.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from sentiment import atomic
from sentiment.errors import InputError
from sentiment.experiments import results
from sentiment.experiments.files import PLAN
from sentiment.experiments.options import planned, sweep_options, words
from sentiment.experiments.rows import Rows, inputs_of, require_data
from sentiment.experiments.sweep import Setup, Training
from sentiment.model.encoder import is_scratch, require_scratch_name
from sentiment.options.as_click import option
from sentiment.options.experiment import DATA_RUN
from sentiment.options.training import LONGEST_NAME
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, step

MOST_TRAININGS = 100  # each takes minutes to hours; Airflow maps a task over 1,024 at most
# A name on the hub, in which no part can lead out of a folder; besides it a whole path, or an address.
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?|/.+|https?://\S+", re.ASCII | re.DOTALL)


@dataclass(frozen=True)
class Plan:
    """The trainings of an experiment, and the data that they are to be done on."""

    trainings: tuple[Training, ...]
    setup: Setup
    data_run: str  # whose train.tsv and test.tsv; empty: those that the system starts from
    inputs: dict[str, Any]
    train_rows: int
    test_rows: int

    @classmethod
    def read(cls, run: RunFolder) -> Plan:
        """Returns the plan of a run. InputError: it has none."""
        found = run.read(PLAN)
        trainings = tuple(Training(**training) for training in found["trainings"])
        rest = {name: found[name] for name in ("data_run", "inputs", "train_rows", "test_rows")}
        return cls(trainings, Setup(**found["setup"]), **rest)

    def rows(self, settings: Settings) -> Rows:
        folder = results.folder_for(settings, "lr", None)
        return Rows(folder, data_folder(settings, self.data_run), self.setup, self.inputs)


def data_folder(settings: Settings, data_run: str) -> Path:
    return RunFolder.named(settings, data_run).path if data_run else settings.base_data


def require_bounded(models: str, learning_rates: tuple[float, ...], seeds: tuple[int, ...], *, untrained: bool) -> None:
    """Raises InputError when there are too many trainings, or a name that no model can have."""
    names = dict.fromkeys(words(models))
    rates, repeats = len(set(learning_rates)) + untrained, len(set(seeds))
    count = len(names) * rates * repeats
    if count > MOST_TRAININGS:
        raise InputError(
            f"an experiment must have at most {MOST_TRAININGS} trainings",
            found=f"{count:,}: {_of(len(names), 'model')} × {_of(rates, 'rate')} × {_of(repeats, 'seed')}",
            do="Leave some out.",
        )
    for name in names:
        require_model_name(name)


def _of(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def require_model_name(name: str) -> None:
    """Raises InputError when the name is neither one of ours, nor like one of the hub's, a path or an address."""
    if not (HUB_NAME.fullmatch(name) and name.isprintable() and len(name) <= LONGEST_NAME):
        raise InputError(
            "a model must be scratch/tiny, scratch/mini, a name on the hub, a folder's whole path or an address",
            found=ascii(name[:LONGEST_NAME]),
            do="Mend --models.",
        )
    if is_scratch(name):
        require_scratch_name(name)


@click.command(PLAN)
@click.option("--run", "run_id", required=True, help="The run that keeps plan, table and plot.")
@option(DATA_RUN)
@sweep_options
@step
def command(
    run_id: str,
    data_run: str,
    models: str,
    learning_rates: tuple[float, ...],
    seeds: tuple[int, ...],
    with_untrained: bool,
    **common: Any,
) -> Result:
    """List the trainings of an experiment: models × learning rates × seeds."""
    settings = read_settings()
    setup = Setup(**common)
    require_bounded(models, learning_rates, seeds, untrained=with_untrained)
    trainings = planned(models, learning_rates, seeds, setup, untrained=with_untrained)
    data = data_folder(settings, data_run)
    if data_run and not data.is_dir():
        raise InputError("--data-run must name a run", found=ascii(data_run[:LONGEST_NAME]), do="See runs/.")
    rows = require_data(data, settings.label_set)
    plan = Plan(tuple(trainings), setup, data_run, inputs_of(data, settings.label_set), *rows)
    result = {**asdict(plan), "sentence": f"{_of(len(trainings), 'training')} on {_of(rows[0], 'row')}"}
    atomic.write_json(RunFolder.named(settings, run_id).result(PLAN), result)
    return result
