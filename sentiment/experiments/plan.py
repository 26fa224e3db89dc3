"""`sentiment experiment-plan`: lists the trainings of an experiment, so that each can be a step of its own.

    experiment-plan     refuses what cannot be trained, and writes the list of trainings into runs/RUN/
    experiment-train    runs one training of the list; many can run at a time, on any machine that sees the home
    experiment-table    writes the table and the plot of all outcomes into runs/RUN/

The rows are shared with `sentiment bench lr`, in runs/bench/lr/: a training that any experiment or sweep has finished
with the same data, options and versions is not repeated.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from sentiment.errors import InputError
from sentiment.experiments import results
from sentiment.experiments.files import PLAN
from sentiment.experiments.options import planned, sweep_options, words
from sentiment.experiments.rows import Rows, inputs_of, require_data
from sentiment.language import recorded, tr
from sentiment.model.encoder import is_scratch, require_scratch_name
from sentiment.model.hub_address import require_safe_address
from sentiment.model.pinned import digest_in, name_of
from sentiment.options.as_click import option
from sentiment.options.experiment import DATA_RUN
from sentiment.options.training import LONGEST_NAME
from sentiment.results.experiment import ExperimentPlan, Setup
from sentiment.run_folder import RunFolder
from sentiment.serving.records import unpublished
from sentiment.settings import Settings, read_settings
from sentiment.settings.encoders import require_allowed
from sentiment.step import say, step
from sentiment.text.aloud import to_people

MOST_TRAININGS = 100  # each takes minutes to hours; Airflow maps a task over 1,024 at most
# A name on the hub, in which no part can lead out of a folder; or an absolute path; or an address.
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?|/.+|https://\S+", re.ASCII | re.DOTALL)


def rows_of(plan: ExperimentPlan, settings: Settings) -> Rows:
    """Returns where the trainings of a plan are kept."""
    folder = results.folder_for(settings, "lr", None)
    return Rows(folder, data_folder(settings, plan.data_run), plan.setup, plan.inputs)


def data_folder(settings: Settings, data_run: str) -> Path:
    return RunFolder.named(settings, data_run).path if data_run else settings.base_data


def require_bounded(models: str, learning_rates: tuple[float, ...], seeds: tuple[int, ...], *, untrained: bool) -> None:
    """Raises: InputError when there are too many trainings, or a name that no model can have."""
    names = dict.fromkeys(words(models))
    rates, repeats = len(set(learning_rates)) + untrained, len(set(seeds))
    count = len(names) * rates * repeats
    if count > MOST_TRAININGS:
        raise InputError(
            f"an experiment must have at most {MOST_TRAININGS} trainings",
            found=f"{count:,}: {_of(len(names), 'model')} × {_of(rates, 'rate')} × {_of(repeats, 'seed')}",
            do="Leave out some models, rates or seeds.",
        )
    for name in names:
        require_model_name(name)


def _of(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _planned(trainings: int, rows: int) -> str:
    # Not tr_many: this is recorded, and a sentence's other number would not be found again.
    if trainings == 1:
        return tr("1 training on {rows} rows", rows=f"{rows:,}")
    return tr("{trainings} trainings on {rows} rows", trainings=f"{trainings:,}", rows=f"{rows:,}")


def require_model_name(name: str) -> None:
    """Raises: InputError when the name is not one of ours and cannot be a name on the hub, a path or an address."""
    require_safe_address(name, "--models")
    digest_in(name)
    if not (HUB_NAME.fullmatch(name_of(name)) and name.isprintable() and len(name) <= LONGEST_NAME):
        raise InputError(
            "a model must be scratch/tiny, scratch/mini, a name on the hub, a folder's absolute path or an address",
            found=ascii(name[:LONGEST_NAME]),
            do="Correct --models.",
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
) -> ExperimentPlan:
    """List the trainings of an experiment: models × learning rates × seeds."""
    settings = read_settings()
    run = unpublished(settings, run_id)
    setup = Setup(**common)
    require_bounded(models, learning_rates, seeds, untrained=with_untrained)
    for name in words(models):
        require_allowed(name, settings.encoders)
    trainings = planned(models, learning_rates, seeds, setup, untrained=with_untrained)
    data = data_folder(settings, data_run)
    if data_run and not data.is_dir():
        raise InputError(
            "--data-run must name a run", found=ascii(data_run[:LONGEST_NAME]), do="Name a folder in runs/."
        )
    rows = require_data(data, settings.label_set)
    plan = ExperimentPlan(
        trainings=trainings,
        setup=setup,
        data_run=data_run,
        inputs=inputs_of(data, settings.label_set),
        train_rows=rows[0],
        test_rows=rows[1],
        sentence=_planned(len(trainings), rows[0]),
    )
    run.write(plan)
    with to_people():
        say(tr("Planned: {trainings}.", trainings=recorded(plan.sentence)))
    return plan
