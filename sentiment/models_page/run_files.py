"""The results and the report of a version's run. The run's name comes from the history, which anybody may edit."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TypeVar

from sentiment.models_page.notices import Notices
from sentiment.results.record import LARGEST, StepResult
from sentiment.run_folder import RunFolder
from sentiment.serving.state import Version
from sentiment.serving.trained import folder_of
from sentiment.settings import Settings

REPORT = "report.html"  # the only file that is served unchanged
T = TypeVar("T")
R = TypeVar("R", bound=StepResult)
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")


def run_folder_of(settings: Settings, run: str) -> RunFolder | None:
    """Returns the folder of the run `run`; None when that cannot be the name of a folder in `runs/`."""
    return RunFolder(settings.runs / run) if _NAME.fullmatch(run) else None


class RunFiles:
    """The results of one version's run, each read once, when it is first asked for."""

    def __init__(self, settings: Settings, version: Version, notices: Notices) -> None:
        self.version, self._notices = version, notices
        self.folder = run_folder_of(settings, version.run)
        self._read: dict[str, StepResult | None] = {}
        if not version.run:
            notices.add(f"Version {version.number} was published without a run, so it has no results.")
        elif self.folder is None:
            notices.add(f"The run of version {version.number} has an impossible name: {version.run!r}.")
        elif not self.folder.path.is_dir():
            notices.add(f"The folder runs/{self.folder.name} of version {version.number} is missing.")
            self.folder = None

    def read(self, kind: type[R]) -> R | None:
        """Returns what the step of that kind of result left; None when it is missing or broken, with a notice."""
        if self.folder is None:
            return None
        if kind.STEP not in self._read:
            path = self.folder.found(kind.STEP)
            name = f"{path.name} of version {self.version.number} (run {self.folder.name})"
            self._read[kind.STEP] = self._notices.read(path, kind, name)
        found = self._read[kind.STEP]
        return found if isinstance(found, kind) else None


def report_of(settings: Settings, version: Version) -> Path | None:
    """Returns the version's training report, from its run or from the copy kept with the model; None without one."""
    run = run_folder_of(settings, version.run)
    places = [(settings.runs, run.model / REPORT)] if run else []
    places.append((settings.trained, folder_of(settings, version.number) / REPORT))
    return next((path for root, path in places if is_ours(root, path)), None)


def read_ours(settings: Settings, path: Path, kind: type[T], name: str, notices: Notices) -> T | None:
    """Returns the value in a file below `runs/`; None, and adds a notice, when it is missing or elsewhere."""
    if os.path.lexists(path) and not is_ours(settings.runs, path):
        notices.add(f"{name} cannot be read: it must be a file in runs/ of at most {LARGEST >> 20} MB.")
        return None
    return notices.read(path, kind, name)


def is_ours(root: Path, path: Path) -> bool:
    """Tells whether `path` is a file of a sensible size below `root`; a link that leads out of `root` is not."""
    try:
        found = path.resolve(strict=True)
        inside = found.is_relative_to(root.resolve()) and found.is_file()
        return inside and found.stat().st_size <= LARGEST
    except (OSError, RuntimeError, ValueError):
        return False
