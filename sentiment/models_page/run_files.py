"""The results and the report of a version's run, as they were when it was published.

A version that was published before records were kept is shown from its run's folder. The run's name comes from the
history, which anybody may edit.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TypeVar

from sentiment.digests import sha256_of
from sentiment.language import tr
from sentiment.models_page.notices import Notices
from sentiment.models_page.wording import text
from sentiment.results.record import LARGEST, StepResult
from sentiment.run_folder import RunFolder
from sentiment.serving import records
from sentiment.serving.state import Version
from sentiment.serving.trained import folder_of
from sentiment.settings import Settings

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
        self.folder = records.folder_of(settings, version.number) if version.records else None
        self._read: dict[str, StepResult | None] = {}
        if self.folder is None:
            self.folder = self._run_folder(settings, version, notices)

    def _run_folder(self, settings: Settings, version: Version, notices: Notices) -> RunFolder | None:
        folder = run_folder_of(settings, version.run)
        if not version.run:
            notices.add(
                tr("Version {version} was published without a run, so it has no results.", version=version.number)
            )
        elif folder is None:
            notices.add(
                tr(
                    "The run of version {version} has an impossible name: {name}.",
                    version=version.number,
                    name=repr(version.run),
                )
            )
        elif not folder.path.is_dir():
            notices.add(
                tr("The folder runs/{run} of version {version} is missing.", run=folder.name, version=version.number)
            )
            folder = None
        return folder

    def read(self, kind: type[R]) -> R | None:
        """Returns what the step of that kind of result left; None when it is missing or broken, with a notice."""
        if self.folder is None:
            return None
        if kind.STEP not in self._read:
            path = self.folder.found(kind.STEP)
            name = tr(
                "{file} of version {version} (run {run})",
                file=path.name,
                version=self.version.number,
                run=text(self.version.run),
            )
            self._read[kind.STEP] = self._notices.read(path, kind, name)
            if self._read[kind.STEP] and path.name in self.version.records:
                self._doubt(path, name)
        found = self._read[kind.STEP]
        return found if isinstance(found, kind) else None

    def _doubt(self, path: Path, name: str) -> None:
        if sha256_of(path) != self.version.records[path.name]:
            self._notices.add(
                tr(
                    "{file} is not as it was when the version was published: `sentiment forget` took texts out of it, "
                    "or somebody changed it.",
                    file=name,
                )
            )


def report_of(settings: Settings, version: Version) -> Path | None:
    """Returns the version's training report: its record, its run's, or the copy kept with the model; None without one.

    It is the only file that is served unchanged.
    """
    kept, run = records.folder_of(settings, version.number), run_folder_of(settings, version.run)
    places = [(settings.records, kept.report)] if version.records else [(settings.runs, run.report)] if run else []
    places.append((settings.trained, folder_of(settings, version.number) / kept.report.name))
    return next((path for root, path in places if is_ours(root, path)), None)


def read_ours(settings: Settings, path: Path, kind: type[T], name: str, notices: Notices) -> T | None:
    """Returns the value in a file below `runs/`; None, and adds a notice, when it is missing or elsewhere."""
    if os.path.lexists(path) and not is_ours(settings.runs, path):
        notices.add(
            tr(
                "{file} cannot be read: it must be a file in runs/ of at most {most} MB.",
                file=name,
                most=LARGEST >> 20,
            )
        )
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
