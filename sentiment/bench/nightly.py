"""`sentiment bench nightly`: a night from its trigger to its canary, on a throw-away Airflow, step by step.

It is the demo's second act: a first model serves, new posts are delivered, and a retrain is triggered. What a night
takes beside training is Airflow's waiting between steps, the start of each step's process, and the steps themselves.
An earlier measurement of the same machine, its results.json, can stand beside it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import click

from sentiment import atomic
from sentiment.bench.speed.machine import this_processor
from sentiment.demo.acts import RETRAIN, Demo
from sentiment.demo.material import SAMPLE, Material
from sentiment.demo.screen import Screen
from sentiment.demo.stack import Stack
from sentiment.errors import InputError, SentimentError
from sentiment.experiments import results
from sentiment.experiments.table import Table
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, say, step
from sentiment.text.units import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NIGHT, TRAIN, CANARY = "act-2", "train", "deploy_canary"
HEADINGS = ("step", "waited before it, s", "took, s")


@dataclass(frozen=True)
class Step:
    """A task of a night: the seconds since the task before it had ended, and its own."""

    name: str
    waited: float
    seconds: float


@dataclass(frozen=True)
class Night:
    """A night from the trigger until the canary was loaded."""

    steps: tuple[Step, ...]

    @property
    def seconds(self) -> float:
        return sum(step.waited + step.seconds for step in self.steps)

    @property
    def waited(self) -> float:
        return sum(step.waited for step in self.steps)

    @property
    def training(self) -> float:
        return sum(step.seconds for step in self.steps if step.name == TRAIN)

    @property
    def beside_training(self) -> float:
        """What the table of goals calls a night: everything but the training itself."""
        return self.seconds - self.training


def night_of(queued_at: str, tasks: Mapping[str, Mapping[str, Any]]) -> Night:
    """Returns the night of a run, by its tasks that ran, until its canary. Raises: SentimentError without a canary."""
    ran = [(item["start_date"], item["end_date"], name) for name, item in tasks.items() if item["state"] == "success"]
    times = sorted((datetime.fromisoformat(start), datetime.fromisoformat(end), name) for start, end, name in ran)
    steps, before = [], datetime.fromisoformat(queued_at)
    for start, end, name in times:
        steps.append(Step(name, max(0.0, (start - before).total_seconds()), (end - max(start, before)).total_seconds()))
        before = max(before, end)
        if name == CANARY:
            return Night(tuple(steps))
    raise SentimentError("a night must end with a canary; found none")


def measured(data: Path, folder: Path) -> Night:
    """Returns a night that was run in `folder`, which is empty. Raises: SentimentError when it does not end well."""
    material = Material.of(data.resolve(), Settings())
    stack = Stack(folder, material.thresholds)
    demo = Demo(stack, material, Screen(), dict(material.form), approves=True)
    try:
        material.lay_out(stack.settings)
        stack.start()
        demo.first_model()
        demo.better_model()
        [run] = [run for run in stack.api.runs(RETRAIN) if run["dag_run_id"] == NIGHT]
        return night_of(run["queued_at"], stack.api.tasks(RETRAIN, NIGHT))
    finally:
        stack.stop()


def earlier(path: Path | None) -> float | None:
    """Returns the seconds beside training of an earlier measurement. Raises: InputError when the file holds none."""
    if path is None:
        return None
    found = (atomic.read_json(path) or {}).get("beside_training")
    if not isinstance(found, int | float):
        raise InputError(
            "--before must be the results.json of `sentiment bench nightly`", found=str(path), do="Name another file."
        )
    return float(found)


def table_of(nights: Sequence[Night], before: float | None) -> Table:
    """Returns a row for each step, medians over the nights, and below it what a night took beside its training."""
    names = [step.name for step in nights[0].steps]
    rows = []
    for name in names:
        same = [step for night in nights for step in night.steps if step.name == name]
        rows.append([name, *(f"{median(getattr(one, what) for one in same):.1f}" for what in ("waited", "seconds"))])
    middle = median(night.beside_training for night in nights)
    whole, waited = median(night.seconds for night in nights), median(night.waited for night in nights)
    low, high = (edge(night.beside_training for night in nights) for edge in (min, max))
    notes = [
        f"from trigger to canary {whole:.1f} s; without the training {middle:.1f} s ({low:.1f}–{high:.1f}), of which "
        f"Airflow waited {waited:.1f} s; the median of {counted(len(nights), 'night')}",
        this_processor().told(),
    ]
    if before is not None:
        notes.append(f"{middle / before:.2f} of the {before:.1f} s that it took before")
    return Table("a night, from its trigger to its canary", HEADINGS, rows, notes=notes)


def draw(night: Night) -> Callable[[Figure], None]:
    """Returns a function that draws the steps of a night as bars from left to right."""

    def fill(figure: Figure) -> None:
        axes, at = figure.subplots(), 0.0
        for one in night.steps:
            at += one.waited
            axes.barh([one.name], [one.seconds], left=[at], color=results.COLOURS[int(one.name == TRAIN)])
            at += one.seconds
        axes.invert_yaxis()
        axes.set(xlabel="seconds since the trigger", title="A night, step by step")

    return fill


@click.command("nightly")
@click.option("--data", type=click.Path(path_type=Path), default=SAMPLE, help="A folder with the sample's layout.")
@click.option("--repetitions", type=click.IntRange(1), default=1, show_default=True, help="Nights, each from nothing.")
@click.option("--before", type=click.Path(path_type=Path), help="results.json of an earlier one, to compare with.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the results. [default: runs/bench/nightly]")
@step
def command(data: Path, repetitions: int, before: Path | None, output: Path | None) -> Result:
    """Time a night from trigger to canary on a throw-away Airflow, step by step."""
    folder, then = results.folder_for(read_settings(), "nightly", output, ["work"]), earlier(before)
    nights = []
    with atomic.exclusive_lock(folder / results.LOCK):
        for number in range(repetitions):
            say(f"bench nightly: {number + 1} of {counted(repetitions, 'night')}")
            work = folder / "work"  # of a night that failed it stays: the message names the logs in it
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir(parents=True)
            nights.append(measured(data, work))
            shutil.rmtree(work, ignore_errors=True)
        table = table_of(nights, then)
        result: Result = {
            "nights": [asdict(night) for night in nights],
            "seconds": median(night.seconds for night in nights),
            "beside_training": median(night.beside_training for night in nights),
            "notes": list(table.notes),
        }
        result = results.keep(folder, result, table, draw(nights[0]))
    table.show()
    return result
