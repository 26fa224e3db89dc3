"""`sentiment bench lr`: models × learning rates, each trained from its start in a process of its own.

A row is kept when it is finished: a sweep that was stopped goes on where it was when it is started again. A row of
other inputs (data, options, versions) is another row; a row that failed is tried again.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sentiment import atomic
from sentiment.bench import child, results, sweep
from sentiment.bench.sweep import Group, Outcome, Setup, Training
from sentiment.bench.table import time_left
from sentiment.data.tsv import read_posts
from sentiment.errors import InputError
from sentiment.labels import Labels
from sentiment.model import folder as model_folder
from sentiment.model.hyperparameters import choose
from sentiment.model.model_type import require_known_type
from sentiment.model.training_files import fingerprint
from sentiment.settings import read_settings
from sentiment.step import Result, say, step

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The original's experiment.
MODELS = "bert-base-chinese,ckiplab/bert-base-chinese,ckiplab/albert-base-chinese,ckiplab/albert-tiny-chinese"
RATES = "2e-5,5e-5"


class Numbers(click.ParamType[tuple[float, ...]]):
    """Numbers with commas."""

    name = "numbers"

    def __init__(self, kind: type[float] | type[int]) -> None:
        self.kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return tuple(self.kind(word) for word in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} must be numbers with commas", param, ctx)


def run_sweep(trainings: Sequence[Training], setup: Setup, data: Path, labels: Labels, output: Path) -> list[Outcome]:
    """Runs the trainings that no earlier sweep finished, and returns what came of all, in order."""
    common = inputs_of(data, labels)
    inputs = {training: {**common, "model": local_files(training.model)} for training in trainings}
    rows = [sweep.row_file(output / "rows", training, setup, inputs[training]) for training in trainings]
    outcomes = []
    seconds: list[float] = []
    missing = [row for row in rows if results.read_row(row) is None]
    if len(missing) < len(rows):
        say(f"bench lr: {len(rows) - len(missing)} of {len(rows)} rows are finished already")
    for training, row in zip(trainings, rows, strict=True):
        begin = time.monotonic()
        found = results.read_row(row)
        if found is None:
            say(f"bench lr: {training.describe()}")
            outcomes.append(_run(training, setup, data, row, inputs[training]))
            seconds.append(time.monotonic() - begin)
        else:
            outcomes.append(Outcome(training, found["result"]))
            shutil.rmtree(work_of(row), ignore_errors=True)  # of a sweep that was killed just after it kept the row
        _report(outcomes[-1], setup, len(outcomes), len(rows), len(missing), seconds)
    return outcomes


def inputs_of(data: Path, labels: Labels) -> dict[str, Any]:
    """Returns what decides a row besides its options."""
    return {
        "train": fingerprint(data / "train.tsv"),
        "test": fingerprint(data / "test.tsv"),
        "labels": labels.names,
        "versions": model_folder.installed_versions(),
    }


def work_of(row: Path) -> Path:
    """Returns where a row is trained: the same again for the same row, so an interrupted training goes on in it."""
    return row.parent.parent / "work" / row.stem


def local_files(model: str) -> list[list[Any]]:
    """Returns name, size and time of the files of a model that is a local folder: another one may take its place."""
    files = sorted(path for path in Path(model).glob("*") if path.is_file()) if Path(model).is_dir() else []
    return [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in files]


def _run(training: Training, setup: Setup, data: Path, row: Path, inputs: dict[str, Any]) -> Outcome:
    """Trains in a process of its own; the model is not kept, only what came of it."""
    work = work_of(row)
    arguments = ["--train", str(data / "train.tsv"), "--test", str(data / "test.tsv"), *setup.options()]
    arguments += ["--model-name", training.model, "--seed", str(training.seed)]
    module = "sentiment.bench.untrained"
    if training.learning_rate is not None:
        module, rate = "sentiment.cli", repr(training.learning_rate)
        arguments = ["train", *arguments, "--learning-rate", rate, "--output", str(work / "model"), "--replace"]
    try:
        result = child.result_of(module, arguments, work / "result.json")
    except child.Failed as error:
        return Outcome(training, why=str(error))
    kept = {"training": asdict(training), "setup": asdict(setup), "inputs": inputs, "result": result}
    atomic.write_json(row, kept)
    shutil.rmtree(work, ignore_errors=True)
    return Outcome(training, result)


def _report(outcome: Outcome, setup: Setup, done: int, total: int, missing: int, seconds: Sequence[float]) -> None:
    """Prints a row as it finishes, and how long the others will take."""
    group = sweep.grouped([outcome])[0]
    cells = zip(sweep.HEADINGS, sweep.row_of(group, setup), strict=True)
    shown = (
        "  ".join(f"{heading} {cell}" for heading, cell in list(cells)[2:] if cell) if group.trained else outcome.why
    )
    left = missing - len(seconds)
    when = f"; about {time_left(left * sum(seconds) / len(seconds))} left" if seconds and left else ""
    say(f"bench lr: {done}/{total} {outcome.training.describe()}: {shown}{when}")


def draw(groups: Sequence[Group]) -> Callable[[Figure], None]:
    """Returns what draws the accuracy on the test set by learning rate, a line a model; untrained ones are dotted."""

    def fill(figure: Figure) -> None:
        axes = figure.subplots()
        models = list(dict.fromkeys(group.model for group in groups))
        for index, model in enumerate(models):
            colour = results.COLOURS[index % len(results.COLOURS)]
            members = [group for group in groups if group.model == model and group.mean["test_acc"] is not None]
            trained = sorted((g for g in members if g.learning_rate is not None), key=lambda g: g.learning_rate or 0)
            rates, heights, bars = (
                [float(value or 0) for value in values]
                for values in (
                    [group.learning_rate for group in trained],
                    [group.mean["test_acc"] for group in trained],
                    [group.deviation["test_acc"] for group in trained],
                )
            )
            if trained:
                spread = bars if any(bars) else None
                axes.errorbar(rates, heights, yerr=spread, marker="o", capsize=4, color=colour, label=model)
            for group in members:
                if group.learning_rate is None:
                    height = float(group.mean["test_acc"] or 0)
                    axes.axhline(height, color=colour, linestyle=":", label=f"{model}, not trained")
        axes.set_xscale("log")
        shown = sorted({group.learning_rate for group in groups if group.learning_rate})
        axes.set_xticks(shown, [sweep.rate_as_text(rate) for rate in shown])
        axes.minorticks_off()
        axes.set(xlabel="learning rate", ylabel="accuracy on test.tsv", title="Accuracy by learning rate")
        axes.grid(axis="y", alpha=0.3)
        if axes.has_data():
            axes.legend(frameon=False)

    return fill


def require_data(data: Path, labels: Labels) -> tuple[int, int]:
    """Returns the rows of train.tsv and test.tsv. InputError: one is missing, or holds what is no post."""
    train, test = (len(read_posts(data / name, labels)) for name in ("train.tsv", "test.tsv"))
    return train, test


@click.command("lr")
@click.option("--models", default=MODELS, show_default=True, help="Model names, with commas.")
@click.option("--learning-rates", type=Numbers(float), default=RATES, show_default=True, help="With commas.")
@click.option("--data", type=click.Path(path_type=Path), help="Holds train.tsv and test.tsv. [default: the sample]")
@click.option("--model-type", default="custom", show_default=True, help="custom, origin or tf-hub.")
@click.option("--num-epochs", type=int, default=2, show_default=True, help="Passes over the data.")
@click.option("--batch-size", type=int, default=32, show_default=True, help="Rows a step.")
@click.option("--max-seq-length", type=int, default=128, show_default=True, help="Longest row in pieces.")
@click.option(
    "--validation-share", type=float, default=0.1, show_default=True, help="Rows held out; 0: no val columns."
)
@click.option(
    "--seeds", type=Numbers(int), default="13", show_default=True, help="Train each row with each: mean ± sd."
)
@click.option("--with-untrained", is_flag=True, help="Also score each model as it starts: the row (no train).")
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

    Started again, it goes on where it was stopped.
    """
    settings = read_settings()
    folder = results.folder_for(settings, "lr", output)
    data = data or settings.base_data
    setup = Setup(**common)
    names = [name.strip() for name in models.split(",") if name.strip()]
    if not names:
        raise InputError("--models must name at least one model", found=repr(models), do="Name one.")
    require_known_type(setup.model_type)
    trainings = sweep.trainings(names, learning_rates, seeds, untrained=with_untrained)
    for training in trainings:
        rate = training.learning_rate
        choose(model_name=training.model, learning_rate=rate, seed=training.seed, **common)
    rows = require_data(data, settings.label_set)
    with atomic.exclusive_lock(folder / ".lock"):
        begin = time.monotonic()
        outcomes = run_sweep(trainings, setup, data, settings.label_set, folder)
        groups = sweep.grouped(outcomes)
        table = sweep.table_of(groups, setup, notes(data, rows, setup, seeds))
        result = results.keep(
            folder, _result(groups, outcomes, table.best, setup, data, rows, begin), table, draw(groups)
        )
    table.show()
    return result


def notes(data: Path, rows: tuple[int, int], setup: Setup, seeds: Sequence[int]) -> list[str]:
    """Returns the lines under the table: what all rows have in common, as the original stated it."""
    repeated = [f"each row: mean ± standard deviation of seeds {', '.join(map(str, seeds))}"] if len(seeds) > 1 else []
    return [
        f"train_data {data / 'train.tsv'} ({rows[0]:,} rows), predict_data {data / 'test.tsv'} ({rows[1]:,} rows)",
        f"num_train_epochs {setup.num_epochs}, batch_size {setup.batch_size}, max_seq_length {setup.max_seq_length},"
        f" model_type {setup.model_type}, validation_share {setup.validation_share:g}",
        *repeated,
    ]


def _result(
    groups: Sequence[Group],
    outcomes: Sequence[Outcome],
    best: int | None,
    setup: Setup,
    data: Path,
    rows: tuple[int, int],
    begin: float,
) -> dict[str, Any]:
    return {
        "rows": [group.as_json() for group in groups],
        "best": None if best is None else groups[best].as_json(),
        "failed": sum(1 for outcome in outcomes if outcome.result is None),
        "trainings": [
            {**asdict(outcome.training), "result": outcome.result, "why": outcome.why} for outcome in outcomes
        ],
        "setup": asdict(setup),
        "data": {"folder": str(data), "train_rows": rows[0], "test_rows": rows[1]},
        "seconds": round(time.monotonic() - begin, 3),
    }
