"""One experiment: its table, what failed and why, its plot, and what it was trained on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sentiment.experiments.files import PLAN, PLOT, RESULTS
from sentiment.experiments.sweep import HEADINGS, Group, Setup, row_of
from sentiment.models_page.cards import Line
from sentiment.models_page.notices import Notices
from sentiment.models_page.run_files import is_ours, read_ours, run_folder_of
from sentiment.models_page.wording import count, share, text, when
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
        plan = read_ours(settings, run.result(PLAN), f"The plan of {run.name}", notices) or {}
        return ExperimentPage(run.name, _planned(plan), _facts(plan, plan, settings, notices))
    found = read_ours(settings, run.path / RESULTS, f"{RESULTS} of {run.name}", notices)
    if found is None:
        return ExperimentPage(run.name)
    rows = _rows(found, notices)
    has_plot = plot_of(settings, run) is not None
    if not has_plot:
        notices.add(f"The plot of {run.name} is missing or broken.")
    facts = _facts(found, found.get("data"), settings, notices)
    sentence = notices.guarded(f"The outcome of {run.name}", lambda: _sentence(found, rows)) or ""
    return ExperimentPage(run.name, sentence, facts, rows=rows, failures=failures(rows), has_plot=has_plot)


def plot_of(settings: Settings, run: RunFolder) -> bytes | None:
    """Returns the experiment's plot; None when there is no PNG or it is a link that leads out of `runs/`."""
    path = run.path / f"{PLOT}.png"
    try:
        content = path.read_bytes() if is_ours(settings.runs, path) else b""
    except OSError:
        return None
    return content if content.startswith(PNG) else None


def _planned(plan: Mapping[str, Any]) -> str:
    trainings = plan.get("trainings")
    planned = count(len(trainings)) if isinstance(trainings, list) else "No"
    return f"{planned} trainings are planned; the table and the plot appear when all of them have ended."


def _sentence(found: Mapping[str, Any], rows: list[Row]) -> str:
    trainings, failed = len(found["trainings"]), found["failed"]
    best = next((dict(zip(SHOWN, row.cells, strict=True)) for row in rows if row.is_best), None)
    told = (
        "No model was trained" if best is None else "Best is {model}, lr {lr}, with test_acc {test_acc}".format(**best)
    )
    failures = f", of which {count(failed)} failed" if failed else ""
    return f"{told}. {count(trainings)} training{'s' * (trainings != 1)}{failures}."


def _rows(found: Mapping[str, Any], notices: Notices) -> list[Row]:
    """Returns the table's rows; a row that cannot be shown becomes a notice."""
    groups = notices.guarded("The table", lambda: [*found["rows"]][:MOST_ROWS]) or []
    setup = notices.guarded("The table", lambda: Setup(**found["setup"]))
    if setup is None:
        return []
    best = found.get("best")
    rows = (notices.guarded("A row of the table", partial(_row, group, setup, best)) for group in groups)
    return [row for row in rows if row]


def _row(found: Mapping[str, Any], setup: Setup, best: object) -> Row:
    group = Group(**found)
    named = dict(zip(HEADINGS, row_of(group, setup), strict=True))
    cells = [text(named[name], LONGEST_CELL) for name in SHOWN]
    is_trained = bool(group.trained)
    why = [text(reason) for reason in [*group.why][:MOST_ROWS]]
    return Row(cells if is_trained else cells[:2], why, is_trained and found == best)


def failures(rows: list[Row]) -> list[Failure]:
    """Returns what failed; a model that failed at several rates for the same reason is listed once."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for why in row.why:
            found.setdefault((row.cells[0], why), []).append(row.cells[1])
    return [Failure(model, rates, why) for (model, why), rates in found.items()]


def _facts(found: Mapping[str, Any], data: Any, settings: Settings, notices: Notices) -> list[Line]:
    """Returns when, on what and how the models were trained; `data` holds the numbers of rows and their folder."""

    def read() -> list[Line]:
        setup, trainings = Setup(**found["setup"]), found["trainings"]
        seeds = dict.fromkeys(text(training["seed"], 20) for training in trainings[:MOST_ROWS])
        return [
            *([("Ended", when(found["at"]))] if "at" in found else []),
            ("Trained on", f"{count(data['train_rows'])} rows of {_file(data, 'train.tsv', settings)}"),
            ("Tested on", f"{count(data['test_rows'])} rows of {_file(data, 'test.tsv', settings)}"),
            ("Held out for validation", share(setup.validation_share)),
            ("Model type", text(setup.model_type, 40)),
            ("Epochs", count(setup.num_epochs)),
            ("Batch", f"{count(setup.batch_size)} rows"),
            ("Longest row", f"{count(setup.max_seq_length)} pieces"),
            ("Seeds", ", ".join(seeds)),
        ]

    return notices.guarded("What it was trained on", read) or []


def _file(data: Mapping[str, Any], name: str, settings: Settings) -> str:
    """Returns the path of a data file, if possible below the home. A plan names the run, a result the folder."""
    run = data.get("data_run")
    default = f"{settings.runs}/{run}" if run else str(settings.base_data)
    folder = text(data.get("folder", default), 400)
    return f"{folder.removeprefix(f'{settings.home}/')}/{name}"
