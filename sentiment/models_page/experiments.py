"""The newest experiments as rows. They come from one small file, because few of thousands of runs are experiments."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import islice

from sentiment.experiments.listing import KEPT, list_file
from sentiment.language import tr
from sentiment.models_page.notices import Notices
from sentiment.models_page.run_files import read_ours, run_folder_of
from sentiment.models_page.wording import NONE, count, text, when
from sentiment.results import experiment
from sentiment.settings import Settings

LISTED = 5
LONGEST_NAME = 200


@dataclass(frozen=True)
class Listed:
    """One experiment as a row. `best` is the model with its learning rate."""

    run: str
    at: str
    trainings: str
    best: str
    accuracy: str
    failed: str


def listed(settings: Settings, notices: Notices) -> list[Listed]:
    """Returns the newest experiments whose folder still exists; [] when there never was an experiment."""
    path = list_file(settings)
    name = tr("The list of experiments")
    found = read_ours(settings, path, experiment.Entries, name, notices) if os.path.lexists(path) else None
    entry_name = tr("An entry of the list of experiments")
    entries = found.experiments[:KEPT] if found else []
    known = (notices.decode(entry, experiment.Listed, entry_name) for entry in entries)
    return list(islice((row(entry) for entry in known if entry and _is_there(entry.run, settings)), LISTED))


def row(entry: experiment.Listed) -> Listed:
    """Returns an entry of the list as the page shows it."""
    best = entry.best
    return Listed(
        entry.run,
        when(entry.at),
        count(entry.trainings),
        tr("{model}, lr {lr}", model=text(best.model, LONGEST_NAME), lr=text(best.lr, 20)) if best else NONE,
        text(best.test_acc, 40) if best else NONE,
        count(entry.failed) if entry.failed else tr("none"),
    )


def _is_there(run: str, settings: Settings) -> bool:
    folder = run_folder_of(settings, run)
    return folder is not None and folder.path.is_dir()
