"""One experiment: its table, what failed and why, its plot, and what it was trained on."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from sentiment.experiments.files import PLAN, PLOT, RESULTS
from sentiment.experiments.sweep import HEADINGS, row_of
from sentiment.language import recorded, tr, tr_many
from sentiment.models_page.experiment_facts import facts_of, facts_of_plan
from sentiment.models_page.notices import Notices
from sentiment.models_page.run_files import is_ours, read_ours, run_folder_of
from sentiment.models_page.wording import Line, count, text, when
from sentiment.results.experiment import ExperimentPlan, Group, Results
from sentiment.run_folder import RunFolder
from sentiment.settings import Settings

MOST_ROWS = 200  # an experiment has at most half as many
LONGEST_CELL = 200
PNG = b"\x89PNG\r\n\x1a\n"
SHOWN = ("model", "lr", "test_acc", *(name for name in HEADINGS[2:] if name != "test_acc"))  # what decides, first


@dataclass(frozen=True)
class Row:
    """One model at one learning rate: its cells (only the first two when it was not trained) and what failed."""

    cells: list[str]
    why: list[str]
    is_best: bool


@dataclass(frozen=True)
class Failure:
    """Why a model could not be trained, and at which learning rates."""

    model: str
    rates: list[str]
    why: str


@dataclass(frozen=True)
class ExperimentPage:
    """Everything that the page of one experiment shows. A part is empty when nothing is known about it."""

    run: str
    sentence: str = ""
    facts: list[Line] = field(default_factory=list)
    headings: tuple[str, ...] = SHOWN
    rows: list[Row] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    has_plot: bool = False


def experiment_of(settings: Settings, run: str) -> RunFolder | None:
    """Returns the folder of the experiment `run`; None when the name is impossible or not an experiment's."""
    folder = run_folder_of(settings, run)
    if folder is None:
        return None
    left = (folder.path / RESULTS, folder.result(PLAN))
    return folder if any(os.path.lexists(path) for path in left) else None


def experiment_page(run: RunFolder, settings: Settings, notices: Notices) -> ExperimentPage:
    """Returns the page of an experiment; until its table exists, the page shows what is planned."""
    if not os.path.lexists(run.path / RESULTS):
        plan = read_ours(settings, run.result(PLAN), ExperimentPlan, tr("The plan of {run}", run=run.name), notices)
        return ExperimentPage(run.name, _planned(plan), facts_of_plan(plan, settings) if plan else [])
    found = read_ours(settings, run.path / RESULTS, Results, tr("{file} of {run}", file=RESULTS, run=run.name), notices)
    has_plot = plot_of(settings, run) is not None
    if found is None:
        return ExperimentPage(run.name, has_plot=has_plot and is_ours(settings.runs, run.path / RESULTS))
    if not has_plot:
        notices.add(tr("The plot of {run} is missing or broken.", run=run.name))
    rows = [_row(group, found) for group in found.rows[:MOST_ROWS]]
    facts = [(tr("Ended"), when(found.at)), *facts_of(found.setup, found.trainings, found.data, settings)]
    return ExperimentPage(
        run.name, _sentence(found, rows), facts, rows=rows, failures=failures(rows), has_plot=has_plot
    )


def plot_of(settings: Settings, run: RunFolder) -> bytes | None:
    """Returns the experiment's plot; None when there is no PNG or it is a link that leads out of `runs/`."""
    path = run.path / f"{PLOT}.png"
    try:
        content = path.read_bytes() if is_ours(settings.runs, path) else b""
    except OSError:
        return None
    return content if content.startswith(PNG) else None


def _planned(plan: ExperimentPlan | None) -> str:
    if plan is None:
        return tr("No trainings are planned; the table and the plot appear when all of them have ended.")
    return tr(
        "{trainings} trainings are planned; the table and the plot appear when all of them have ended.",
        trainings=count(len(plan.trainings)),
    )


def _sentence(found: Results, rows: list[Row]) -> str:
    best = next((dict(zip(SHOWN, row.cells, strict=True)) for row in rows if row.is_best), None)
    if best is None:
        told = tr("No model was trained.")
    else:
        told = tr(
            "Best is {model}, lr {rate}, with test_acc {accuracy}.",
            model=best["model"],
            rate=best["lr"],
            accuracy=best["test_acc"],
        )
    return tr("{first} {second}", first=told, second=_counted(len(found.trainings), found.failed))


def _counted(trainings: int, failed: int) -> str:
    if not failed:
        return tr_many("{number:,} training.", "{number:,} trainings.", trainings)
    return tr_many(
        "{number:,} training, of which {failed} failed.",
        "{number:,} trainings, of which {failed} failed.",
        trainings,
        failed=count(failed),
    )


def _row(group: Group, found: Results) -> Row:
    named = dict(zip(HEADINGS, row_of(group, found.setup), strict=True))
    cells = [text(named[name], LONGEST_CELL) for name in SHOWN]
    is_trained = bool(group.trained)
    why = [text(recorded(reason)) for reason in group.why[:MOST_ROWS]]
    return Row(cells if is_trained else cells[:2], why, is_trained and group == found.best)


def failures(rows: list[Row]) -> list[Failure]:
    """Returns what failed; a model that failed at several rates for the same reason is listed once."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for why in row.why:
            found.setdefault((row.cells[0], why), []).append(row.cells[1])
    return [Failure(model, rates, why) for (model, why), rates in found.items()]
