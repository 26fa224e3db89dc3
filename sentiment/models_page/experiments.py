"""The newest experiments as rows. They come from one small file, because few of thousands of runs are experiments."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from sentiment.experiments.listing import KEPT, list_file
from sentiment.models_page.notices import Notices
from sentiment.models_page.run_files import read_ours, run_folder_of
from sentiment.models_page.wording import NONE, count, text, when
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
    found = read_ours(settings, path, "The list of experiments", notices) if os.path.lexists(path) else None
    if found is None:
        return []
    entries = notices.guarded("The list of experiments", lambda: found["experiments"][:KEPT]) or []
    rows = (notices.guarded("An experiment of the list", partial(row, entry)) for entry in entries)
    return list(islice((row for row in rows if row and _is_there(row.run, settings)), LISTED))


def row(entry: dict[str, Any]) -> Listed:
    """Returns an entry of the list as the page shows it. Raises: one of `AMISS` when the entry has another shape."""
    best, failed = entry["best"], entry["failed"]
    return Listed(
        str(entry["run"]),
        when(entry["at"]),
        count(entry["trainings"]),
        f"{text(best['model'], LONGEST_NAME)}, lr {text(best['lr'], 20)}" if best else NONE,
        text(best["test_acc"], 40) if best else NONE,
        count(failed) if failed else "none",
    )


def _is_there(run: str, settings: Settings) -> bool:
    folder = run_folder_of(settings, run)
    return folder is not None and folder.path.is_dir()
