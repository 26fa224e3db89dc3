"""On what, and how, the models of an experiment are trained."""

from __future__ import annotations

from collections.abc import Sequence

from sentiment.language import tr
from sentiment.models_page.wording import Line, count, share, text
from sentiment.results.experiment import Data, ExperimentPlan, Setup, Trained, Training
from sentiment.settings import Settings

MOST_SEEDS = 200  # trainings that are asked for theirs


def facts_of_plan(plan: ExperimentPlan, settings: Settings) -> list[Line]:
    """Returns the same of an experiment that has not ended: what is planned."""
    folder = f"{settings.runs}/{plan.data_run}" if plan.data_run else str(settings.base_data)
    data = Data(folder=folder, train_rows=plan.train_rows, test_rows=plan.test_rows)
    return facts_of(plan.setup, plan.trainings, data, settings)


def facts_of(setup: Setup, trainings: Sequence[Training | Trained], data: Data, settings: Settings) -> list[Line]:
    """Returns on what and how the models were trained."""
    seeds = dict.fromkeys(text(training.seed, 20) for training in trainings[:MOST_SEEDS])
    return [
        (tr("Trained on"), _rows_of(data.train_rows, _file(data, "train.tsv", settings))),
        (tr("Tested on"), _rows_of(data.test_rows, _file(data, "test.tsv", settings))),
        (tr("Held out for validation"), share(setup.validation_share)),
        (tr("Model type"), text(setup.model_type, 40)),
        (tr("Epochs"), count(setup.num_epochs)),
        (tr("Batch"), tr("{rows} rows", rows=count(setup.batch_size))),
        (tr("Longest row"), tr("{pieces} pieces", pieces=count(setup.max_seq_length))),
        (tr("Seeds"), ", ".join(seeds)),
    ]


def _rows_of(rows: int, file: str) -> str:
    return tr("{rows} rows of {file}", rows=count(rows), file=file)


def _file(data: Data, name: str, settings: Settings) -> str:
    """Returns the path of a data file, if possible below the home."""
    return f"{text(data.folder, 400).removeprefix(f'{settings.home}/')}/{name}"
